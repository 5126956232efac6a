/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/stage.h"

#include <string.h>
#include <sys/mount.h>

#include "backend/backends.h"
#include "mount/path.h"
#include "pool/pools.h"
#include "pool/volume_folder.h"
#include "volume/attachment.h"
#include "volume/mounts.h"
#include "volume/unwanted.h"
#include "volume/volume.h"

/* Read-only, noexec and the like are as mount_flags ask. A folder of the pool has those of the
 * pool's mount besides. */
static bool is_as_asked(const struct volume_mounts *mounts, const struct mount *top,
			const struct volume_record *record, const struct mount_flags *flags)
{
	uint64_t has = mount_flags_of_options(top->options);
	if (backend_of_kind(record->backend)->device)
		return has == mount_flags_beside(0, flags->attributes);
	return mount_flags_beside(has, flags->attributes) == has &&
	       (flags->read_only || !(has & MOUNT_ATTR_RDONLY));
}

/* Of an encrypted volume, left by a process that ended within kernel_mount_part(). */
static bool is_half_staged(const struct volume_mounts *mounts, const struct volume_record *record,
			   const struct mount *top)
{
	return record->encryption != ENCRYPTION_NONE && volume_mounts_part(mounts, top) &&
	       !volume_mounts_own(mounts, top);
}

static int clear_half_staged(struct pools *pools, const struct volume_mounts *mounts,
			     const struct volume_record *record, const char *path,
			     struct error *err)
{
	const struct mount *top = mount_table_at(mounts->table, path);
	if (!top || !is_half_staged(mounts, record, top))
		return 0;
	return pools->host->unmount(pools->host, path, err);
}

/* 1: the volume is staged there in this way. 0: nothing is mounted there. */
static int check_staged(const struct volume_mounts *mounts, const struct volume_record *record,
			const char *path, const struct mount_flags *flags, struct error *err)
{
	const struct mount *top = mount_table_at(mounts->table, path);
	if (!top || is_half_staged(mounts, record, top))
		return 0;
	if (!volume_mounts_own(mounts, top))
		return error_set(err, ERROR_EXISTS,
				 "staging_target_path %s is a mount of something else: %s (%s)",
				 path, top->source, top->type);
	if (!is_as_asked(mounts, top, record, flags))
		return error_set(err, ERROR_EXISTS,
				 "volume %s is staged at %s already with the options %s; "
				 "mount_flags differ",
				 record->id, path, top->options);
	return 1;
}

/* The call that staged it may have ended before its file system had grown; or that has to wait. */
static int grow_staged(const struct volume_folder *folder, const char *path, struct error *err)
{
	const struct backend *backend = backend_of_kind(folder->record.backend);
	struct error reason = { 0 };
	if (backend->grow_mounted(&folder->pool->site, folder->fd, &folder->record, path,
				  &reason) == 0 ||
	    reason.code == ERROR_IN_USE)
		return 0;
	return error_set(err, reason.code, "volume %s: %s", folder->record.id, reason.text);
}

/* The device is attached for readers alone, or for all. */
static int stage_block(const struct volume_folder *folder, bool read_only, struct error *err)
{
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	const struct backend *backend = backend_of_kind(folder->record.backend);
	int kept = backend->keep(&folder->pool->site, folder->fd, &folder->record, read_only,
				 &device, err);
	if (kept >= 0)
		return kept;
	error_prefix(err, "volume %s", folder->record.id);
	return error_not_named(err);
}

/* Of a volume that is staged there: what the call that staged it may not have done. */
static int settle_staged(struct pools *pools, const struct volume_folder *folder,
			 const struct access *access, const struct mount_flags *flags,
			 const char *path, struct error *err)
{
	if (folder->record.encryption != ENCRYPTION_NONE &&
	    pools->host->unlock(pools->host, path, access->secret, err) < 0)
		return error_not_named(err);
	if (!flags->read_only && grow_staged(folder, path, err) < 0)
		return -1;
	return 1;
}

static int stage_mount(struct pools *pools, const struct volume_folder *folder,
		       const struct volume_mounts *mounts, const struct access *access,
		       const struct mount_flags *flags, const char *path, struct error *err)
{
	const struct volume_record *record = &folder->record;
	const struct backend *backend = backend_of_kind(record->backend);
	int staged = check_staged(mounts, record, path, flags, err);
	if (staged < 0)
		return -1;
	if (staged > 0)
		return settle_staged(pools, folder, access, flags, path, err);
	if (clear_half_staged(pools, mounts, record, path, err) < 0)
		return error_not_named(err);
	const struct backend_staging staging = {
		.path = path,
		.flags = flags,
		.secret = access->secret,
		.watch = access->watch,
	};
	if (backend->stage(&folder->pool->site, folder->fd, record, &staging, err) == 0)
		return 0;
	error_prefix(err, "volume %s", record->id);
	return error_not_named(err);
}

/* Of a block volume nothing is put there. */
static int resolve_staging(const struct volume_record *record, const char *staging_path,
			   struct mount_path *ret_path, struct error *err)
{
	return record->block
		       ? mount_path_require(staging_path, "staging_target_path", ret_path, err)
		       : mount_path_require_folder(staging_path, "staging_target_path", ret_path,
						   err);
}

int volume_stage(struct pools *pools, const char *id, const char *staging_path,
		 const struct access *access, struct error *err)
{
	struct mount_flags flags;
	struct mount_path path;
	CLEANUP_LOCK struct lock lock = {
		.work = LOCK_WORK_STAGING,
		.doing = "its staging, which may check its file system",
	};
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	struct access watched = *access;
	struct unwanted unwanted;
	unwanted_init(&unwanted, &lock, access->watch);
	watched.watch = &unwanted.watch;
	if (lock_take(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0 ||
	    volume_folder_open(pools, id, &folder, err) < 0)
		return -1;
	if (volume_check_access(&folder.record, access, err) < 0 ||
	    mount_flags_parse(access->mount_flags, access->mount_flag_count, &flags, err) < 0 ||
	    attachment_obey(pools, &folder.record, &flags, err) < 0 ||
	    resolve_staging(&folder.record, staging_path, &path, err) < 0)
		return error_not_named(err);
	if (folder.record.block)
		return stage_block(&folder, access->mode == ACCESS_READER || flags.read_only, err);
	if (volume_mounts_read_at(pools, id, &folder, (const char *const[]) { path.text, NULL },
				  &mounts, err) < 0)
		return error_not_named(err);
	return stage_mount(pools, &folder, &mounts, &watched, &flags, path.text, err);
}

/* A pod that has the device's node is no user of the device to the kernel. */
static int check_unpublished(const struct volume_mounts *mounts, const char *id,
			     const struct mount *mount, struct error *err)
{
	const struct mount_mark *mark = volume_mounts_mark(mounts, mount);
	if (!mark || !mark->node)
		return 0;
	return error_set(err, ERROR_IN_USE,
			 "block volume %s is published at %s: NodeUnpublishVolume comes first", id,
			 mount->point);
}

static bool has_device(const struct volume_mounts *mounts)
{
	for (size_t i = 0; i < mounts->marks.count; i++)
		if (mounts->marks.items[i].node)
			return true;
	return false;
}

/* The device is detached where the volume is mounted nowhere else. What still holds it then is
 * found by delete: unstaging is done all the same. 1: there was none. */
static int release_unused(struct pools *pools, const char *id, const struct volume_folder *folder,
			  struct error *err)
{
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	struct error reason = { 0 };
	const struct backend *backend = folder->pool ? backend_of_folder(folder->fd) : NULL;
	if (backend && !backend->device)
		return 1; /* without a look at the mounts */
	if (volume_mounts_read(pools, id, folder, &mounts, err) < 0)
		return -1;
	const struct mount *mount = volume_mounts_any(&mounts);
	if (mount)
		return check_unpublished(&mounts, id, mount, err);
	if (!has_device(&mounts))
		return 1;
	if (mounts.backend->release(&folder->pool->site, folder->fd, &reason) < 0 &&
	    reason.code != ERROR_IN_USE) {
		*err = reason;
		return -1;
	}
	return 0;
}

/* With its record, where that can be read: unstaging goes on without. */
static int open_or_peek(struct pools *pools, const char *id, struct volume_folder *ret_folder,
			struct error *err)
{
	struct error reason = { 0 };
	if (volume_folder_open(pools, id, ret_folder, &reason) == 0)
		return 0;
	return volume_folder_peek_to_leave(pools, id, ret_folder, err);
}

/* The last mount of an encrypted volume is about to go. Its key would go with it, but for a mount
 * in another namespace, of which we do not know. */
static int lock_last(struct pools *pools, const char *id, const struct volume_folder *folder,
		     const char *path, struct error *err)
{
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	if (folder->record.encryption == ENCRYPTION_NONE)
		return 0;
	if (volume_mounts_read(pools, id, folder, &mounts, err) < 0)
		return -1;
	const struct mount *top = mount_table_at(mounts.table, path);
	if (!top || !volume_mounts_own(&mounts, top) ||
	    volume_mounts_elsewhere(&mounts, path, path))
		return 0;
	return pools->host->lock(pools->host, path, err);
}

int volume_unstage(struct pools *pools, const char *id, const char *staging_path, struct error *err)
{
	struct mount_path path;
	CLEANUP_LOCK struct lock lock = { .work = LOCK_WORK_STAGING };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (lock_take_to_end(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0 ||
	    open_or_peek(pools, id, &folder, err) < 0)
		return -1;
	int outcome = mount_path_find(staging_path, "staging_target_path", &path, err);
	if (outcome < 0)
		return -1;
	/* Of a block volume nothing is there: its device goes even if the place is gone. */
	if (outcome == 0 && lock_last(pools, id, &folder, path.text, err) < 0)
		return error_prefix(err, "volume %s", id);
	if (outcome == 0)
		outcome = volume_mounts_clear(pools, id, &folder, path.text, err);
	if (outcome < 0)
		return error_prefix(err, "volume %s", id);
	int released = release_unused(pools, id, &folder, err);
	if (released < 0)
		return error_prefix(err, "volume %s", id);
	return outcome && released;
}
