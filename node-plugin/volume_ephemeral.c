/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A volume that lives as long as one pod (CSI inline volume): made, mounted at the pod's target and
 * removed again by the two calls of a node. No PersistentVolume knows of it. What it is stands in
 * its record before anything is mounted, so whichever call comes after a crash finds it.
 */

#include <string.h>
#include <sys/mount.h>

#include "backend.h"
#include "mount_path.h"
#include "pools.h"
#include "volume.h"
#include "volume_folder.h"
#include "volume_group.h"
#include "volume_mounts.h"

/* 1: it is mounted there in this way. 0: nothing is mounted there. */
static int check_mounted(const struct volume_mounts *mounts, const char *id, const char *target,
			 const struct mount_flags *flags, struct error *err)
{
	const struct mount *top = mount_table_at(mounts->table, target);
	if (!top)
		return 0;
	if (!volume_mounts_own(mounts, top))
		return error_set(err, ERROR_EXISTS,
				 "target_path %s is a mount of something else: %s (%s)", target,
				 top->source, top->type);
	if (mount_has_option(top->options, "ro") != flags->read_only)
		return error_set(err, ERROR_EXISTS, "volume %s is published at %s already, %s", id,
				 target, flags->read_only ? "writable" : "read-only");
	return 1;
}

static int mount_at(const struct volume_folder *folder, const struct mount_path *target,
		    const struct mount_flags *flags, struct error *err)
{
	const struct backend *backend = backend_of_kind(folder->record.backend);
	if (mount_path_make(target, err) < 0)
		return -1;
	if (backend->stage(folder->pool, folder->fd, &folder->record, target->text, flags, NULL,
			   err) == 0)
		return 0;
	mount_path_remove(target, NULL);
	return -1;
}

static int publish(struct pools *pools, const char *id,
		   const struct volume_publication *publication, struct error *err)
{
	const struct access *access = publication->access;
	struct mount_flags flags;
	struct mount_path target;
	struct volume_lock lock CLEANUP_VOLUME_LOCK = { 0 };
	struct volume_folder folder CLEANUP_VOLUME_FOLDER = VOLUME_FOLDER_INIT;
	struct volume_mounts mounts CLEANUP_VOLUME_MOUNTS = { 0 };
	if (volume_lock_take(&pools->locks, id, &lock, err) < 0 ||
	    volume_folder_open(pools, id, &folder, err) < 0 ||
	    volume_check_access(&folder.record, access, err) < 0 ||
	    mount_flags_parse(access->mount_flags, access->mount_flag_count, &flags, err) < 0 ||
	    mount_path_require(publication->target_path, "target_path", &target, err) < 0 ||
	    volume_mounts_read(pools, id, &folder, &mounts, err) < 0)
		return -1;
	flags.read_only |= publication->read_only || access->mode == ACCESS_READER;
	if (flags.read_only)
		flags.attributes |= MOUNT_ATTR_RDONLY;
	int mounted = check_mounted(&mounts, id, target.text, &flags, err);
	if (mounted < 0 || (!mounted && mount_at(&folder, &target, &flags, err) < 0))
		return -1;
	if (access->has_group && !flags.read_only &&
	    volume_group_apply(target.text, access->group, err) < 0)
		return -1;
	return mounted;
}

int volume_publish_ephemeral(struct pools *pools, const struct volume_spec *spec,
			     const struct volume_publication *publication, struct error *err)
{
	struct volume_record record;
	if (!volume_id_is_valid(spec->name))
		return error_set(err, ERROR_INVALID,
				 "volume_id: \"%s\" cannot be the id of an ephemeral volume",
				 spec->name);
	if (volume_create(pools, spec, &record, err) < 0)
		return -1;
	int published = publish(pools, record.id, publication, err);
	if (published >= 0)
		return published;
	error_prefix(err, "ephemeral volume %s", record.id);
	return error_not_named(err);
}

int volume_remove_ephemeral(struct pools *pools, const char *id, struct error *err)
{
	struct volume_record record;
	struct error reason = { 0 };
	if (volume_find(pools, id, &record, &reason) < 0 || !record.ephemeral)
		return 1;
	return volume_delete(pools, id, err);
}
