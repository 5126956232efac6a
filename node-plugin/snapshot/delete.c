/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/delete.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "pool/lock.h"
#include "pool/pools.h"
#include "pool/room.h"
#include "pool/snapshot_folder.h"
#include "pool/trash.h"
#include "pool/unfinished.h"

static int disappear(struct snapshot_folder *folder, const char *trash_name, struct error *err)
{
	struct pool *pool = folder->pool;
	const char *id = folder->record.id;
	if (renameat(pool->snapshots_fd, id, pool->trash_fd, trash_name) < 0)
		return error_errno(err, errno, "snapshot %s: rename to trash/", id);
	return 0;
}

static int make_last(struct pool *pool, const char *id, struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0 ||
	    file_sync_folder(pool->trash_fd, err) < 0 ||
	    file_sync_folder(pool->snapshots_fd, err) < 0)
		return error_prefix(err, "snapshot %s", id);
	return 0;
}

/* Of one that is gone: the call that removed it may have ended before that was durable. */
static int make_sure(struct pools *pools, const char *id, struct error *err)
{
	for (size_t i = 0; i < pools->count; i++)
		if (make_last(pools->pools[i], id, err) < 0)
			return -1;
	return 1;
}

/* CSI spec, DeleteSnapshot: one of a group goes with its group. */
static int check_group(const struct snapshot_record *record, const char *group, struct error *err)
{
	if (strcmp(record->group, group) == 0)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "snapshot_id: %s is part of group snapshot %s and is deleted with it",
			 record->id, record->group);
}

int snapshot_delete(struct pools *pools, const char *id, const char *group, struct error *err)
{
	char trash_name[POOL_NAME_MAX];
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	CLEANUP_SNAPSHOT_FOLDER struct snapshot_folder folder = SNAPSHOT_FOLDER_INIT;
	struct error reason = { 0 };
	if (!id_is_valid(id))
		return 1; /* we never made such an id */
	if (lock_take(&pools->locks, LOCK_SNAPSHOT, id, &lock, err) < 0)
		return -1;
	pool_unfinished_remove(pools, "snapshot", id);
	if (snapshot_folder_open(pools, id, &folder, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return make_sure(pools, id, err);
		*err = reason;
		return -1;
	}
	if (check_group(&folder.record, group, err) < 0)
		return -1;
	pool_temporary_name(folder.pool, id, trash_name);
	if (pool_visit_begin(&folder.pool->visits, folder.pool->site.name, &visit, err) < 0)
		return -1;
	if (disappear(&folder, trash_name, err) < 0)
		return error_not_named(err);
	pool_change_hold(folder.pool, folder.record.held_bytes, 0);
	if (make_last(folder.pool, id, err) < 0)
		return -1;
	trash_remove(folder.pool, trash_name);
	return 0;
}
