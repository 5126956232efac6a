/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/delete.h"

#include <errno.h>
#include <stdio.h>

#include "backend/backend.h"
#include "base/file.h"
#include "base/log.h"
#include "pool/pools.h"
#include "pool/room.h"
#include "pool/trash.h"
#include "pool/unfinished.h"
#include "pool/volume_folder.h"
#include "volume/attachment.h"
#include "volume/mounts.h"

static int check_unused(struct pools *pools, const struct volume_folder *folder, struct error *err)
{
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	const char *id = folder->record.id;
	if (volume_mounts_read(pools, id, folder, &mounts, err) < 0)
		return -1;
	const struct mount *mount = volume_mounts_any(&mounts);
	if (mount)
		return error_set(err, ERROR_IN_USE, "volume %s is in use: it is mounted at %s", id,
				 mount->point);
	if (folder->record.block && mounts.marks.count)
		return error_set(err, ERROR_IN_USE,
				 "volume %s is in use: it is staged as a block device", id);
	if (mounts.backend && mounts.backend->release(&folder->pool->site, folder->fd, err) < 0)
		return error_prefix(err, "volume %s is in use", id);
	return 0;
}

static int disappear(struct pool *pool, const char *id, const char *trash_name, struct error *err)
{
	if (renameat(pool->volumes_fd, id, pool->trash_fd, trash_name) < 0)
		return error_errno(err, errno, "volume %s: rename to trash/", id);
	return 0;
}

/* A volume that is gone must not come back with the power. */
static int make_last(struct pool *pool, const char *id, struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0 ||
	    file_sync_folder(pool->trash_fd, err) < 0 ||
	    file_sync_folder(pool->volumes_fd, err) < 0)
		return error_prefix(err, "volume %s", id);
	return 0;
}

/* The call that removed it may have ended before that was durable; and the call that made it,
 * before the volume was whole. */
static int make_sure(struct pools *pools, const char *id, struct error *err)
{
	if (id_is_valid(id))
		pool_unfinished_remove(pools, "volume", id);
	for (size_t i = 0; i < pools->count; i++)
		if (make_last(pools->pools[i], id, err) < 0)
			return -1;
	return 1;
}

int volume_delete_open(struct pools *pools, const struct volume_folder *folder, struct error *err)
{
	char trash_name[POOL_NAME_MAX];
	const char *id = folder->record.id;
	struct pool *pool = folder->pool;
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0)
		return -1;
	pool_temporary_name(pool, id, trash_name);
	if (attachment_check_none(pools, &folder->record, err) < 0 ||
	    check_unused(pools, folder, err) < 0 || disappear(pool, id, trash_name, err) < 0)
		return error_not_named(err); /* or the caller takes it for removed */
	whereabouts_forget(&pools->whereabouts, id);
	pool_release(pool, folder->record.size_bytes, folder->record.ephemeral);
	if (make_last(pool, id, err) < 0)
		return -1;
	trash_remove(pool, trash_name);
	return 0;
}

int volume_delete(struct pools *pools, const char *id, struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error reason = { 0 };
	if (lock_take_to_end(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0)
		return -1;
	if (volume_folder_open(pools, id, &folder, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return make_sure(pools, id, err);
		*err = reason;
		return -1;
	}
	return volume_delete_open(pools, &folder, err);
}
