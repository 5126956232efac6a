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
 * tmp/, and the same call continues it when it is repeated; deleting the snapshot, or a day without
 * such a call, removes it.
 *
 * snapshot/create.h and snapshot/delete.h take the snapshot's lock: ERROR_BUSY if another call has
 * it. What is here only looks.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "record/snapshot_record.h"

struct pools;

/* ERROR_NOT_FOUND, or ERROR_INTERNAL for a snapshot whose record is damaged. */
int snapshot_find(struct pools *pools, const char *id, struct snapshot_record *ret_record,
		  struct error *err);

struct snapshot_filter {
	const char *after;	   /* ids behind this one; "": all */
	const char *source_volume; /* "": of any */
	size_t max;
};

/* In the order of their ids. *ret_records is yours; *ret_more says whether there are others.
 * Snapshots with a damaged record are left out. */
int snapshot_list(struct pools *pools, const struct snapshot_filter *filter,
		  struct snapshot_record **ret_records, size_t *ret_count, bool *ret_more,
		  struct error *err);
