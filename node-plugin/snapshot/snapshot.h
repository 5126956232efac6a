/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A snapshot: what a volume held at one moment (volume/cut.h says which moment that is for which
 * kind).
 *
 *	absent --create--> ready --delete--> absent
 *
 * A snapshot is made in tmp/ and appears in snapshots/ when it is whole, so one that is found can
 * be used. It does not need its source any more, which may be deleted. What it holds of the disk
 * counts as promised in its pool. An image that could not be copied to its end, because the caller
 * went away, the process ended, or the volume could not be held still for long enough, stays in
 * tmp/ and is gone on with when the same call comes again; deleting the snapshot, or a day in
 * which nobody came back to it, removes it.
 *
 * Each function takes the snapshot's lock: ERROR_BUSY if another one has it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "folder/copy.h"
#include "record/snapshot_record.h"

struct pool;
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

/* Several at one moment, or none of them: those that exist already must be all. ret_records has
 * room for count. */
int snapshot_create_all(struct pools *pools, const struct snapshot_spec *specs, size_t count,
			const struct copy_watch *watch, struct snapshot_record *ret_records,
			struct error *err);

/* group: the group snapshot with which it is deleted; "": with none. ERROR_INVALID if it is of
 * another one. 1: there was none. */
int snapshot_delete(struct pools *pools, const char *id, const char *group, struct error *err);

/* ERROR_NOT_FOUND, or ERROR_INTERNAL for a snapshot whose record is damaged. */
int snapshot_find(struct pools *pools, const char *id, struct snapshot_record *ret_record,
		  struct error *err);

struct snapshot_filter {
	const char *after;	   /* ids behind this one; "": all */
	const char *source_volume; /* "": of any */
	size_t max;
};

/* In the order of their ids. *ret_records is yours; *ret_more tells whether there are others.
 * Snapshots with a damaged record are left out. */
int snapshot_list(struct pools *pools, const struct snapshot_filter *filter,
		  struct snapshot_record **ret_records, size_t *ret_count, bool *ret_more,
		  struct error *err);
