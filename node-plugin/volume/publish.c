/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/log.h"
#include "mount/path.h"
#include "pool/pools.h"
#include "pool/volume_folder.h"
#include "volume/attachment.h"
#include "volume/ephemeral.h"
#include "volume/limits.h"
#include "volume/mounts.h"
#include "volume/single_writer.h"
#include "volume/volume.h"

/* One publication: what was asked for, and what is there. */
struct publishing {
	struct pools *pools;
	const struct access *access;
	struct volume_folder folder;
	struct mount_flags flags;
	struct mount_path staging;
	struct mount_path target;
	struct volume_mounts mounts;
	bool read_only;
};

static void publishing_done(struct publishing *publishing)
{
	volume_mounts_done(&publishing->mounts);
	volume_folder_done(&publishing->folder);
}

static const char *id_of(const struct publishing *publishing)
{
	return publishing->folder.record.id;
}

static int check_staged(const struct publishing *publishing, struct error *err)
{
	const char *staging = publishing->staging.text;
	const struct mount *top = mount_table_at(publishing->mounts.table, staging);
	if (top && volume_mounts_own(&publishing->mounts, top))
		return 0;
	return error_set(err, ERROR_IN_USE,
			 "volume %s is not staged at %s: NodeStageVolume comes "
			 "first",
			 id_of(publishing), staging);
}

static int is_other(const struct mount *top, const char *target, struct error *err)
{
	return error_set(err, ERROR_EXISTS, "target_path %s is a mount of something else: %s (%s)",
			 target, top->source, top->type);
}

/* 1: the volume is published there in this way. 0: nothing is mounted there. */
static int check_published(const struct publishing *publishing, uint64_t attributes,
			   struct error *err)
{
	const char *target = publishing->target.text;
	const struct mount *top = mount_table_at(publishing->mounts.table, target);
	if (!top)
		return 0;
	if (!volume_mounts_own(&publishing->mounts, top))
		return is_other(top, target, err);
	if (mount_flags_of_options(top->options) != attributes)
		return error_set(err, ERROR_EXISTS,
				 "volume %s is published at %s already with the options %s; "
				 "readonly or mount_flags differ",
				 id_of(publishing), target, top->options);
	return 1;
}

static int bind_target(const struct publishing *publishing, uint64_t attributes, struct error *err)
{
	struct host *host = publishing->pools->host;
	const struct mount_path *target = &publishing->target;
	const char *staging = publishing->staging.text;
	CLEANUP_CLOSE int source_fd = open(staging, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (source_fd < 0)
		return error_errno(err, errno, "open staging_target_path %s", staging);
	if (mount_path_make(target, err) < 0)
		return -1;
	if (host->bind(host, source_fd, target->text, attributes, err) == 0)
		return 0;
	mount_path_remove(target, NULL); /* leave things as they were; an error is there already */
	return -1;
}

/* Read-only: because this pod asks for it, because the mode says so for every pod, or because the
 * class mounts or the controller attached the volume so. */
static bool is_read_only(const struct volume_publication *publication,
			 const struct mount_flags *flags)
{
	return publication->read_only || publication->access->mode == ACCESS_READER ||
	       flags->read_only;
}

static int publish_mount(const struct publishing *publishing, struct error *err)
{
	if (check_staged(publishing, err) < 0)
		return -1;
	uint64_t attributes =
		publishing->flags.attributes | (publishing->read_only ? MOUNT_ATTR_RDONLY : 0);
	const struct mount *staged =
		mount_table_at(publishing->mounts.table, publishing->staging.text);
	uint64_t expected = mount_flags_beside(mount_flags_of_options(staged->options), attributes);
	int published = check_published(publishing, expected, err);
	if (published)
		return published;
	return bind_target(publishing, attributes, err);
}

/* 1: the device is published there in this way. 0: nothing is mounted there, or the node of a
 * device that is detached from the image. */
static int check_node(const struct publishing *publishing, struct error *err)
{
	const struct volume_mounts *mounts = &publishing->mounts;
	const char *target = publishing->target.text;
	const struct mount *top = mount_table_at(mounts->table, target);
	if (!top)
		return 0;
	const struct mount_mark *mark = volume_mounts_mark(mounts, top);
	if (!mark && volume_mounts_is_node(mounts, top))
		return 0;
	if (!mark || !mark->node)
		return is_other(top, target, err);
	if (mark->read_only != publishing->read_only)
		return error_set(err, ERROR_EXISTS, "volume %s is published at %s already, %s",
				 id_of(publishing), target,
				 publishing->read_only ? "writable" : "read-only");
	return 1;
}

static int bind_node(struct host *host, const struct loop_device *device,
		     const struct mount_path *target, struct error *err)
{
	if (mount_path_make_file(target, err) < 0)
		return -1;
	if (host->bind_device(host, device, target->text, device->read_only ? MOUNT_ATTR_RDONLY : 0,
			      err) == 0)
		return 0;
	mount_path_remove(target, NULL);
	return -1;
}

/* The device is held until its node is bound: its number cannot pass to another image. */
static int publish_block(const struct publishing *publishing, struct error *err)
{
	const struct volume_folder *folder = &publishing->folder;
	const struct mount_path *target = &publishing->target;
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	int published = check_node(publishing, err);
	if (published)
		return published;
	if (volume_mounts_clear(publishing->pools, id_of(publishing), folder, target->text, err) <
		    0 ||
	    publishing->mounts.backend->keep(&folder->pool->site, folder->fd, &folder->record,
					     publishing->read_only, &device, err) < 0)
		return -1;
	return bind_node(publishing->pools->host, &device, target, err);
}

/* A single writer may have it elsewhere; and a node is recognised by those of all loop devices. */
static int read_mounts(struct publishing *publishing, struct error *err)
{
	const char *const paths[] = { publishing->staging.text, publishing->target.text, NULL };
	const struct volume_folder *folder = &publishing->folder;
	if (publishing->access->mode == ACCESS_SINGLE_WRITER || folder->record.block)
		return volume_mounts_read(publishing->pools, id_of(publishing), folder,
					  &publishing->mounts, err);
	return volume_mounts_read_at(publishing->pools, id_of(publishing), folder, paths,
				     &publishing->mounts, err);
}

static int prepare(struct publishing *publishing, const struct volume_publication *publication,
		   struct error *err)
{
	const struct access *access = publishing->access;
	const struct volume_record *record = &publishing->folder.record;
	struct mount_flags *flags = &publishing->flags;
	if (volume_check_access(record, access, err) < 0 ||
	    mount_flags_parse(access->mount_flags, access->mount_flag_count, flags, err) < 0 ||
	    attachment_obey(publishing->pools, record, flags, err) < 0 ||
	    mount_path_require(publication->staging_path, "staging_target_path",
			       &publishing->staging, err) < 0 ||
	    mount_path_require(publication->target_path, "target_path", &publishing->target, err) <
		    0 ||
	    read_mounts(publishing, err) < 0)
		return -1;
	publishing->read_only = is_read_only(publication, flags);
	if (access->mode != ACCESS_SINGLE_WRITER)
		return 0;
	return single_writer_check(&publishing->mounts, record->id, publishing->staging.text,
				   publishing->target.text, err);
}

int volume_publish(struct pools *pools, const char *id,
		   const struct volume_publication *publication, struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP(publishing_done)
	struct publishing publishing = {
		.pools = pools,
		.access = publication->access,
		.folder = VOLUME_FOLDER_INIT,
	};
	if (lock_take(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0 ||
	    volume_folder_open(pools, id, &publishing.folder, err) < 0)
		return -1;
	if (prepare(&publishing, publication, err) < 0)
		return error_not_named(err);
	int published = publishing.folder.record.block ? publish_block(&publishing, err)
						       : publish_mount(&publishing, err);
	/* An earlier call may have ended before it had set the limits. */
	if (published >= 0)
		return volume_limits_apply(pools, &publishing.folder, err) < 0 ? -1 : published;
	error_prefix(err, "volume %s", id);
	return error_not_named(err);
}

static int clear_target(struct pools *pools, const char *id, const struct volume_folder *folder,
			const char *target_path, struct error *err)
{
	struct mount_path path;
	int gone = mount_path_find(target_path, "target_path", &path, err);
	if (gone != 0)
		return gone;
	int limited = volume_limits_device_at(pools, id, path.text);
	/* Before, since a retry would not find the device any more; and after, since the limiter
	 * may have set them again meanwhile. */
	if (volume_limits_lift(pools, limited, path.text, err) < 0)
		return error_prefix(err, "volume %s", id);
	int outcome = volume_mounts_clear(pools, id, folder, path.text, err);
	if (outcome < 0 || volume_limits_lift(pools, limited, path.text, err) < 0 ||
	    mount_path_remove(&path, err) < 0)
		return error_prefix(err, "volume %s", id);
	return outcome;
}

/* A pod can end even if its volume is missing or damaged: that takes the kernel's mounts only. */
int volume_unpublish(struct pools *pools, const char *id, const char *target_path,
		     struct error *err)
{
	CLEANUP_LOCK struct lock lock = { .work = LOCK_WORK_PUBLICATION };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error reason = { 0 };
	if (lock_take_to_end(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0)
		return -1;
	if (volume_folder_peek_to_leave(pools, id, &folder, &reason) < 0)
		log_warning("volume cannot be looked at; only its target is cleared",
			    LOG_TEXT("volume", id), LOG_ERR(&reason));
	int cleared = clear_target(pools, id, &folder, target_path, err);
	int ended = cleared < 0 ? -1 : volume_ephemeral_end(pools, id, &folder, err);
	return ended < 0 ? -1 : cleared && ended;
}
