/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/ephemeral.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "backend/backends.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "folder/folder.h"
#include "mount/path.h"
#include "pool/pools.h"
#include "pool/volume_folder.h"
#include "record/layout.h"
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/mounts.h"
#include "volume/unwanted.h"
#include "volume/volume.h"

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
		    const struct mount_flags *flags, const struct copy_watch *watch,
		    struct error *err)
{
	const struct backend *backend = backend_of_kind(folder->record.backend);
	const struct backend_staging staging = {
		.path = target->text,
		.flags = flags,
		.watch = watch,
	};
	if (mount_path_make(target, err) < 0)
		return -1;
	if (backend->stage(&folder->pool->site, folder->fd, &folder->record, &staging, err) == 0)
		return 0;
	mount_path_remove(target, NULL);
	return -1;
}

static int publish(struct pools *pools, const char *id,
		   const struct volume_publication *publication, const struct copy_watch *watch,
		   struct error *err)
{
	const struct access *access = publication->access;
	struct mount_flags flags;
	struct mount_path target;
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	CLEANUP_VOLUME_MOUNTS struct volume_mounts mounts = { 0 };
	if (volume_folder_open(pools, id, &folder, err) < 0 ||
	    volume_check_access(&folder.record, access, err) < 0 ||
	    mount_flags_parse(access->mount_flags, access->mount_flag_count, &flags, err) < 0 ||
	    mount_path_require(publication->target_path, "target_path", &target, err) < 0 ||
	    volume_mounts_read_at(pools, id, &folder, (const char *const[]) { target.text, NULL },
				  &mounts, err) < 0)
		return -1;
	flags.read_only |= publication->read_only || access->mode == ACCESS_READER;
	if (flags.read_only)
		flags.attributes |= MOUNT_ATTR_RDONLY;
	int mounted = check_mounted(&mounts, id, target.text, &flags, err);
	if (mounted < 0 || (!mounted && mount_at(&folder, &target, &flags, watch, err) < 0))
		return -1;
	return mounted;
}

int volume_ephemeral_publish(struct pools *pools, const struct volume_spec *spec,
			     const struct volume_publication *publication, struct error *err)
{
	struct volume_record record;
	struct volume_spec made = *spec;
	struct mount_path target;
	CLEANUP_LOCK struct lock lock = { .work = LOCK_WORK_PUBLICATION };
	struct unwanted unwanted;
	char id[ID_MAX + 1];
	/* It is by its name that the kubelet asks for its end. */
	if (!id_is_valid(spec->name) || id_of_name(spec->name, id, NULL) < 0 ||
	    strcmp(id, spec->name) != 0)
		return error_set(err, ERROR_INVALID,
				 "volume_id: \"%s\" cannot be the id of an ephemeral volume",
				 spec->name);
	if (mount_path_require(publication->target_path, "target_path", &target, err) < 0)
		return -1;
	made.pod_path = target.text;
	unwanted_init(&unwanted, &lock, spec->watch);
	made.watch = &unwanted.watch;
	if (lock_take(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0 ||
	    volume_create_locked(pools, id, &made, &record, err) < 0)
		return -1;
	int published = publish(pools, record.id, publication, made.watch, err);
	if (published >= 0)
		return published;
	error_prefix(err, "ephemeral volume %s", record.id);
	return error_not_named(err);
}

/* What is known of it by its data alone. */
static void guess_record(const char *id, struct volume_folder *folder)
{
	const struct backend *backend = backend_of_folder(folder->fd);
	folder->record = (struct volume_record) { .ephemeral = true };
	snprintf(folder->record.id, sizeof(folder->record.id), "%s", id);
	folder->record.size_bytes = backend ? backend->size_bytes(folder->fd) : 0;
}

/* Completes the folder's record, as far as it can be known. */
static bool is_ephemeral(const char *id, struct volume_folder *folder)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder whole = VOLUME_FOLDER_INIT;
	if (volume_folder_open_in(folder->pool, id, &whole, NULL) == 0)
		folder->record = whole.record;
	else if (faccessat(folder->fd, LAYOUT_POD, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		guess_record(id, folder);
	return folder->record.ephemeral;
}

int volume_ephemeral_end(struct pools *pools, const char *id, struct volume_folder *folder,
			 struct error *err)
{
	if (!folder->pool || !is_ephemeral(id, folder))
		return 1;
	return volume_delete_open(pools, folder, err);
}

static int remove_left_one(struct pools *pools, const char *id, struct error *err)
{
	CLEANUP_LOCK struct lock lock = { 0 };
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	if (lock_take(&pools->locks, LOCK_VOLUME, id, &lock, err) < 0 ||
	    volume_folder_peek_to_leave(pools, id, &folder, err) < 0)
		return -1;
	return volume_ephemeral_end(pools, id, &folder, err);
}

struct search {
	struct pools *pools;
	struct pool *pool;
	char *pods; /* "/var/lib/kubelet/pods/" */
	int pods_fd;
};

/* The kubelet removes a pod's folder last, when nothing of its volumes is left to be done. After a
 * restart of the node nothing is mounted, but the folders are there. */
static bool pod_is_gone(const struct search *search, const char *path)
{
	char pod[NAME_MAX + 1];
	size_t length = strlen(search->pods);
	if (strncmp(path, search->pods, length) != 0)
		return false;
	snprintf(pod, sizeof(pod), "%.*s", (int)strcspn(path + length, "/"), path + length);
	return pod[0] && faccessat(search->pods_fd, pod, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

static bool is_left(const struct search *search, const char *id)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	CLEANUP_FREE char *path = NULL;
	return volume_folder_peek_in(search->pool, id, &folder, NULL) == 0 && folder.pool &&
	       file_read_at(folder.fd, LAYOUT_POD, PATH_MAX, &path, NULL, NULL) == 0 &&
	       pod_is_gone(search, path);
}

static int remove_left(void *context, const char *name, struct error *err)
{
	const struct search *search = context;
	struct error reason = { 0 };
	if (!is_left(search, name))
		return 0;
	int outcome = remove_left_one(search->pools, name, &reason);
	if (outcome == 0)
		log_info("ephemeral volume of a pod that is gone removed",
			 LOG_TEXT("volume", name));
	if (outcome < 0 && reason.code != ERROR_BUSY)
		log_warning("ephemeral volume of a pod that is gone stays for now",
			    LOG_TEXT("volume", name), LOG_ERR(&reason));
	return 0;
}

static int is_entry(void *context, const char *name, struct error *err)
{
	return 1;
}

/* Where there are none, not even the plugin's own, the folder is likely to be one on which a disk
 * is yet to be mounted. */
static bool has_pods(int pods_fd)
{
	return pods_fd >= 0 && folder_visit(pods_fd, is_entry, NULL, NULL) > 0;
}

void volume_ephemeral_remove_left(struct pools *pools, struct pool *pool,
				  const char *kubelet_folder)
{
	if (!kubelet_folder)
		return;
	CLEANUP_FREE char *pods = must_printf("%s/pods/", kubelet_folder);
	CLEANUP_CLOSE int pods_fd = open(pods, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!has_pods(pods_fd))
		return;
	struct search search = { .pools = pools, .pool = pool, .pods = pods, .pods_fd = pods_fd };
	struct error reason = { 0 };
	if (folder_visit(pool->volumes_fd, remove_left, &search, &reason) < 0)
		log_warning("ephemeral volumes of a pool cannot be looked at",
			    LOG_TEXT("pool", pool->site.name), LOG_ERR(&reason));
}
