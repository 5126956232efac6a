/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/expand.h"

#include <inttypes.h>

#include "backend/backends.h"
#include "base/log.h"
#include "mount/path.h"
#include "pool/pools.h"
#include "pool/room.h"
#include "pool/volume_folder.h"
#include "volume/mounts.h"
#include "volume/size.h"
#include "volume/volume.h"

/* CSI spec, ControllerExpandVolume and NodeExpandVolume Errors: "Exceeds capabilities" is an
 * invalid argument here, other than for the calls that mount. */
static int check_access(const struct volume_record *record, const struct access *access,
			struct error *err)
{
	struct error reason = { 0 };
	if (!access || volume_check_access(record, access, &reason) == 0)
		return 0;
	return error_set(err, reason.code == ERROR_IN_USE ? ERROR_INVALID : reason.code, "%s",
			 reason.text);
}

static int grow_data(const struct volume_folder *folder, struct error *err)
{
	const struct backend *backend = backend_of_kind(folder->record.backend);
	if (backend->grow(&folder->pool->site, folder->fd, &folder->record, err) == 0)
		return 0;
	error_prefix(err, "volume %s", folder->record.id);
	return error_not_named(err);
}

/* Back to the size before. Where the data is larger already, or even this fails, the promise stays
 * as the record has it: the next call continues from there. */
static void take_back(struct volume_folder *folder, const struct volume_record *before)
{
	struct error reason = { 0 };
	const struct backend *backend = backend_of_kind(before->backend);
	uint64_t growth = folder->record.size_bytes - before->size_bytes;
	if (backend->size_bytes(folder->fd) > before->size_bytes)
		return;
	if (volume_folder_write(folder, before, &reason) < 0) {
		log_warning("volume did not grow, but its record keeps the larger size",
			    LOG_TEXT("volume", before->id), LOG_ERR(&reason));
		return;
	}
	backend->undo_growth(&folder->pool->site, folder->fd, before);
	pool_release_growth(folder->pool, growth);
}

static int grow_to(struct volume_folder *folder, uint64_t bytes, struct error *err)
{
	struct volume_record before = folder->record;
	struct volume_record after = before;
	uint64_t growth = bytes - before.size_bytes;
	after.size_bytes = bytes;
	if (pool_reserve_growth(folder->pool, growth, err) < 0)
		return error_prefix(err, "volume %s", before.id);
	if (volume_folder_write(folder, &after, err) < 0) {
		/* Perhaps it lasts, and perhaps it does not. */
		folder->record = after;
		take_back(folder, &before);
		error_prefix(err, "volume %s", before.id);
		return error_not_named(err);
	}
	if (grow_data(folder, err) == 0)
		return 0;
	take_back(folder, &before);
	return -1;
}

int volume_expand(struct pools *pools, const struct volume_expansion *expansion,
		  uint64_t *ret_bytes, bool *ret_filesystem, struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	uint64_t bytes = 0;
	if (lock_take(&pools->locks, LOCK_VOLUME, expansion->id, &lock, err) < 0 ||
	    volume_folder_open(pools, expansion->id, &folder, err) < 0 ||
	    check_access(&folder.record, expansion->access, err) < 0)
		return -1;
	int large =
		capacity_choose_growth(&expansion->range, folder.record.size_bytes, &bytes, err);
	if (large < 0 || (!large && volume_size_check_whole(&folder.record, bytes, err) < 0))
		return error_prefix(err, "volume %s", expansion->id);
	/* One that is large already may be so in its record alone. */
	int outcome = large ? grow_data(&folder, err) : grow_to(&folder, bytes, err);
	if (outcome < 0)
		return -1;
	*ret_bytes = bytes;
	*ret_filesystem = backend_of_kind(folder.record.backend)->device && !folder.record.block;
	return large;
}

static int check_size(const struct volume_record *record, const struct capacity_range *range,
		      struct error *err)
{
	if (capacity_fits_range(range, record->size_bytes))
		return 0;
	return error_set(err, ERROR_RANGE,
			 "capacity_range: volume %s has %" PRIu64
			 " bytes, which is not what is asked for; ControllerExpandVolume comes "
			 "first",
			 record->id, record->size_bytes);
}

static int find_mounted(const struct volume_mounts *mounts, const char *id, const char *path,
			const struct mount **ret_mount, struct error *err)
{
	struct mount_path point;
	const struct mount *top = NULL;
	if (mount_path_resolve(path, "volume_path", &point, NULL) == 0)
		top = mount_table_at(mounts->table, point.text);
	if (top && volume_mounts_own(mounts, top)) {
		*ret_mount = top;
		return 0;
	}
	return error_set(err, ERROR_NOT_FOUND, "volume_path: volume %s is not mounted at %s", id,
			 path);
}

static int grow_mounted(const struct volume_folder *folder, const struct volume_mounts *mounts,
			const struct mount *mount, struct error *err)
{
	const struct backend *backend = backend_of_kind(folder->record.backend);
	/* A file system grows through any of its mounts that may be written to. */
	if (!folder->record.block && mount_has_option(mount->options, "ro"))
		mount = volume_mounts_writable(mounts);
	if (!mount)
		return error_set(err, ERROR_IN_USE,
				 "volume %s is mounted read-only; it grows when it is staged the "
				 "next time",
				 folder->record.id);
	if (backend->grow_mounted(&folder->pool->site, folder->fd, &folder->record, mount->point,
				  err) == 0)
		return 0;
	error_prefix(err, "volume %s", folder->record.id);
	return error_not_named(err);
}

int volume_expand_mounted(struct pools *pools, const struct volume_expansion *expansion,
			  const char *path, uint64_t *ret_bytes, struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	if (lock_take(&pools->locks, LOCK_VOLUME, expansion->id, &lock, err) < 0 ||
	    volume_folder_open(pools, expansion->id, &folder, err) < 0 ||
	    check_access(&folder.record, expansion->access, err) < 0 ||
	    check_size(&folder.record, &expansion->range, err) < 0)
		return -1;
	if (volume_mounts_read(pools, expansion->id, &folder, &mounts, err) < 0)
		return error_not_named(err);
	const struct mount *mount = NULL;
	if (find_mounted(&mounts, expansion->id, path, &mount, err) < 0 ||
	    grow_mounted(&folder, &mounts, mount, err) < 0)
		return -1;
	*ret_bytes = folder.record.size_bytes;
	return 0;
}
