/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Making snapshots, one or several at one moment: copy what can be copied, hold all the volumes,
 * take all the copies, release all the volumes, then let the snapshots appear whole.
 */

#include <stddef.h>

#include "base/error.h"
#include "folder/copy.h"
#include "record/snapshot_record.h"

struct pools;

struct snapshot_spec {
	const char *name;
	const char *source_volume;
	const char *group; /* id of the group snapshot; "": none */
};

/* Makes the snapshot, or finds the one that the same call made before (1). ERROR_EXISTS if the name
 * is taken by a snapshot of another volume or group; ERROR_NOT_FOUND if there is no such volume. */
int snapshot_create(struct pools *pools, const struct snapshot_spec *spec,
		    const struct copy_watch *watch, struct snapshot_record *ret_record,
		    struct error *err);

/* Several that are made together. */
struct snapshot_specs {
	const struct snapshot_spec *items;
	size_t count;
};

/* All of them at one moment, or none: those that exist already must be all. ret_records has room
 * for each. */
int snapshot_create_all(struct pools *pools, const struct snapshot_specs *specs,
			const struct copy_watch *watch, struct snapshot_record *ret_records,
			struct error *err);
