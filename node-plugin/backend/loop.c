/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend/loop_copy.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "disk/extents.h"
#include "disk/filesystem_check.h"
#include "disk/fscrypt.h"
#include "disk/image_blocks.h"
#include "disk/zeroes.h"
#include "folder/folder.h"
#include "host/host.h"
#include "record/layout.h"

#define IMAGE_MODE 0600
#define RELEASE_TRIES 10
#define RELEASE_WAIT_MS 20
#define STAT_BLOCK_BYTES 512 /* of st_blocks: stat(2) */

static int check_fs_type(const char *fs_type, const char **ret_type, uint64_t *ret_minimum_bytes,
			 struct error *err)
{
	const struct filesystem *filesystem = NULL;
	if (filesystem_find(fs_type, &filesystem, err) < 0)
		return -1;
	*ret_type = filesystem->type;
	*ret_minimum_bytes = filesystem->minimum_bytes;
	return 0;
}

/* The file system ends where the image ends. */
static int check_pool(const struct backend_site *site, const struct parameters *parameters,
		      struct error *err)
{
	return parameters->encryption == ENCRYPTION_NONE ? 0 : fscrypt_check_kernel(err);
}

static int make_filesystem(const struct backend_site *site, const struct volume_record *record,
			   int image_fd, const struct copy_watch *watch, struct error *err)
{
	struct host *host = site->host;
	if (record->encryption == ENCRYPTION_FSCRYPT)
		return host->make_encrypted(host, record->fs_type, image_fd, watch, err);
	return host->make_filesystem(host, record->fs_type, image_fd, watch, err);
}

static int refuse_size(int errno_value, uint64_t bytes, struct error *err)
{
	switch (errno_value) {
	case EFBIG:
		return error_set(err, ERROR_RANGE,
				 "capacity_range: the pool's file system cannot hold a file of "
				 "%" PRIu64 " bytes",
				 bytes);
	case ENOSPC:
	case EDQUOT:
		return error_set(err, ERROR_EXHAUSTED,
				 "the pool's disk has no %" PRIu64 " bytes to set aside", bytes);
	case EOPNOTSUPP:
		return error_set(err, ERROR_EXHAUSTED,
				 "parameter provisioning: \"reserved\" and \"thick\" need a pool "
				 "whose file system can set blocks aside (fallocate); this one "
				 "cannot");
	default:
		return error_errno(err, errno_value, "set the size of the image");
	}
}

/* The blocks first: an image is never larger than what it has, if it is to have all. */
static int set_size(int image_fd, const struct volume_record *record, struct error *err)
{
	int failure = record->provisioning != PROVISIONING_THIN
			      ? image_blocks_hold(image_fd, record->size_bytes)
			      : 0;
	if (failure)
		return refuse_size(failure, record->size_bytes, err);
	if (ftruncate(image_fd, (off_t)record->size_bytes) < 0)
		return refuse_size(errno, record->size_bytes, err);
	return 0;
}

static int make(const struct backend_site *site, int folder_fd, struct volume_record *record,
		const struct copy_watch *watch, struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDWR | O_CREAT | O_EXCL, IMAGE_MODE,
			     &image_fd, err) < 0)
		return -1;
	if (record->provisioning == PROVISIONING_THICK &&
	    zeroes_expect(image_fd, record->size_bytes, watch, err) < 0)
		return -1;
	if (set_size(image_fd, record, err) < 0)
		return -1;
	/* What it grows by later is set aside only, since a running pod waits for that. */
	if (record->provisioning == PROVISIONING_THICK &&
	    zeroes_write(image_fd, record->size_bytes, watch, err) < 0)
		return -1;
	if (!record->block && make_filesystem(site, record, image_fd, watch, err) < 0)
		return -1;
	if (fsync(image_fd) < 0)
		return error_errno(err, errno, "fsync of the image");
	return 0;
}

/* Only what we put there is mounted; and nothing is ever formatted here, whatever is missing. */
static int check_content(const struct backend_site *site, int image_fd,
			 const struct volume_record *record, struct error *err)
{
	char found[FILESYSTEM_TYPE_MAX];
	if (site->host->probe_filesystem(site->host, image_fd, record->fs_type, found, err) < 0)
		return -1;
	if (strcmp(found, record->fs_type) != 0)
		return error_set(err, ERROR_INTERNAL,
				 "its image should hold %s, but holds %s; it is not touched",
				 record->fs_type, found[0] ? found : "no file system that we make");
	return 0;
}

static int grow(const struct backend_site *site, int folder_fd, const struct volume_record *record,
		struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	struct stat image;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDWR, 0, &image_fd, err) < 0)
		return -1;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "stat of the image");
	if ((uint64_t)image.st_size < record->size_bytes && set_size(image_fd, record, err) < 0)
		return -1;
	/* That it is large already does not mean that this is durable. */
	if (fsync(image_fd) < 0)
		return error_errno(err, errno, "fsync of the image");
	/* A raw block device is the pod's at once. */
	if (record->block && site->host->resize_loop(site->host, image_fd, err) < 0)
		return -1;
	return 0;
}

/* Blocks behind the end of the image; the image itself is never cut. */
static void undo_growth(const struct backend_site *site, int folder_fd,
			const struct volume_record *record)
{
	CLEANUP_CLOSE int image_fd = -1;
	struct stat image;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDWR, 0, &image_fd, NULL) < 0 ||
	    fstat(image_fd, &image) < 0 || (uint64_t)image.st_size != record->size_bytes)
		return;
	if (ftruncate(image_fd, image.st_size) < 0)
		return; /* they are given back with the volume */
}

static int grow_at(const struct backend_site *site, const struct volume_record *record,
		   const char *path, struct error *err)
{
	CLEANUP_CLOSE int mount_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0)
		return error_errno(err, errno, "open %s", path);
	return site->host->grow_mounted(site->host, record->fs_type, mount_fd, err) < 0 ? -1 : 0;
}

/* At staging: what has to wait does not keep the volume from its pod. */
static int unless_in_use(int outcome, const struct error *reason, struct error *err)
{
	if (outcome >= 0 || reason->code == ERROR_IN_USE)
		return 0;
	*err = *reason;
	return -1;
}

/* One call of stage(). */
struct staging {
	const struct backend_site *site;
	const struct volume_record *record;
	int image_fd;
	const char *path;
	const struct mount_flags *flags;
	const struct secret *secret;
	const struct copy_watch *watch;
};

/* What the kernel does not grow under a mount is grown before that. */
static int grow_before_mount(const struct staging *staging, struct error *err)
{
	struct error reason = { 0 };
	struct host *host = staging->site->host;
	const char *type = staging->record->fs_type;
	if (host->grows_mounted(host, type))
		return 0;
	int outcome = host->grow_image(host, type, staging->image_fd, staging->watch, &reason);
	return unless_in_use(outcome, &reason, err);
}

static int grow_after_mount(const struct backend_site *site, const struct volume_record *record,
			    const char *path, struct error *err)
{
	struct error reason = { 0 };
	return unless_in_use(grow_at(site, record, path, &reason), &reason, err);
}

static int grow_mounted(const struct backend_site *site, int folder_fd,
			const struct volume_record *record, const char *path, struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDWR, 0, &image_fd, err) < 0 ||
	    site->host->resize_loop(site->host, image_fd, err) < 0)
		return -1;
	return record->block ? 0 : grow_at(site, record, path, err);
}

static bool may_discard(const struct volume_record *record)
{
	return record->provisioning == PROVISIONING_THIN;
}

/* A discard in the device would free the blocks that an image has set aside. A failure to turn
 * discards off does not keep the volume from its pod. */
static void set_discard(const struct backend_site *site, const struct loop_device *device,
			const struct volume_record *record)
{
	struct error reason = { 0 };
	if (site->host->set_discard(site->host, device, may_discard(record), &reason) < 0)
		log_warning("discards cannot be set as the volume's provisioning requires",
			    LOG_TEXT("volume", record->id), LOG_ERR(&reason));
}

/* Allocates the blocks that such an image lost by discards that could not be turned off, or by
 * hand. What is there is not touched. */
static int hold_blocks(int image_fd, const struct volume_record *record, struct error *err)
{
	struct stat image;
	if (record->provisioning == PROVISIONING_THIN)
		return 0;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "stat of the image");
	int failure = image_blocks_hold(image_fd, (uint64_t)image.st_size);
	return failure ? refuse_size(failure, (uint64_t)image.st_size, err) : 0;
}

static int refuse_damaged(const struct staging *staging, const struct error *reason,
			  struct error *err)
{
	const struct volume_record *record = staging->record;
	enum error_code code = reason->code == ERROR_NONE ? ERROR_INTERNAL : reason->code;
	return error_set(err, code,
			 "its %s is damaged and is not mounted: %s. On the node, while no pod has "
			 "it: %s %s/volumes/%s/" LAYOUT_IMAGE,
			 record->fs_type, reason->text, filesystem_check_command(record->fs_type),
			 staging->site->path, record->id);
}

/* By hand the program has all the memory of the node. */
static int refuse_large(const struct staging *staging, const struct error *reason,
			struct error *err)
{
	const struct volume_record *record = staging->record;
	return error_set(err, reason->code,
			 "its %s could not be checked and is not mounted: %s. On the node, while "
			 "no pod has it: %s %s/volumes/%s/" LAYOUT_IMAGE,
			 record->fs_type, reason->text, filesystem_check_command(record->fs_type),
			 staging->site->path, record->id);
}

/* Takes as long as the file system is large. */
static int check_filesystem(const struct staging *staging, bool refused, struct error *err)
{
	struct host *host = staging->site->host;
	struct error reason = { 0 };
	int outcome = host->check_filesystem(host, staging->record->fs_type, staging->image_fd,
					     refused, staging->watch, &reason);
	if (outcome > 0)
		log_warning(
			"file system checked before its mount",
			LOG_TEXT("volume", staging->record->id),
			LOG_TEXT("because", refused ? "the kernel refused it" : "it had errors"));
	if (outcome >= 0)
		return 0;
	if (reason.code == ERROR_INTERNAL)
		return refuse_damaged(staging, &reason, err);
	if (reason.code == ERROR_EXHAUSTED)
		return refuse_large(staging, &reason, err);
	*err = reason;
	return error_prefix(err, "check of the file system");
}

static int prepare(const struct staging *staging, struct error *err)
{
	bool writable = !staging->flags->read_only;
	if ((writable && check_filesystem(staging, false, err) < 0) ||
	    check_content(staging->site, staging->image_fd, staging->record, err) < 0)
		return -1;
	if (!writable)
		return 0;
	if (hold_blocks(staging->image_fd, staging->record, err) < 0)
		return -1;
	return grow_before_mount(staging, err);
}

/* From the mount on, that holds the device; without one it goes away at the end of this. 1: the
 * kernel found the file system damaged, as *reason says. */
static int mount_image(const struct staging *staging, struct error *reason)
{
	struct host *host = staging->site->host;
	const struct volume_record *record = staging->record;
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	if (host->attach_loop(host, staging->image_fd, may_discard(record), &device, reason) < 0)
		return -1;
	set_discard(staging->site, &device, record);
	if (record->encryption == ENCRYPTION_FSCRYPT)
		return host->mount_encrypted(host, &device, record->fs_type, staging->flags,
					     staging->secret, staging->path, reason);
	return host->mount(host, &device, record->fs_type, staging->flags, staging->path, reason);
}

static int mount_checked(const struct staging *staging, struct error *err)
{
	struct error reason = { 0 };
	int outcome = mount_image(staging, &reason);
	if (outcome > 0 && !staging->flags->read_only) {
		if (check_filesystem(staging, true, err) < 0)
			return -1;
		outcome = mount_image(staging, &reason);
	}
	if (outcome > 0)
		return refuse_damaged(staging, &reason, err);
	if (outcome < 0)
		*err = reason;
	return outcome;
}

static int stage(const struct backend_site *site, int folder_fd, const struct volume_record *record,
		 const struct backend_staging *asked, struct error *err)
{
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	CLEANUP_CLOSE int image_fd = -1;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDWR, 0, &image_fd, reason) < 0)
		return -1;
	const struct staging staging = {
		.site = site,
		.record = record,
		.image_fd = image_fd,
		.path = asked->path,
		.flags = asked->flags,
		.secret = asked->secret,
		.watch = asked->watch,
	};
	if (prepare(&staging, reason) < 0 || mount_checked(&staging, reason) < 0)
		return -1;
	return asked->flags->read_only ? 0 : grow_after_mount(site, record, asked->path, reason);
}

static int open_image(int folder_fd, int *ret_fd, struct error *err)
{
	return folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDONLY, 0, ret_fd, err);
}

static int keep(const struct backend_site *site, int folder_fd, const struct volume_record *record,
		bool read_only, struct loop_device *ret_device, struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, read_only ? O_RDONLY : O_RDWR, 0, &image_fd,
			     err) < 0 ||
	    (!read_only && hold_blocks(image_fd, record, err) < 0))
		return -1;
	int kept = site->host->keep_loop(site->host, image_fd, read_only, may_discard(record),
					 ret_device, err);
	if (kept >= 0)
		set_discard(site, ret_device, record);
	return kept;
}

static void add_mark(struct mount_marks *marks, struct mount_mark mark)
{
	marks->items[marks->count++] = mark;
}

/* A bind mount of the node is no user of the device. So a node whose number has passed to another
 * image is distinguished from ours by what the kernel says of the image now. */
static int mark(const struct backend_site *site, int folder_fd, const char *id,
		struct mount_table *table, struct mount_marks *ret_marks, struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	struct loop_devices devices = { .count = 0 };
	if (open_image(folder_fd, &image_fd, err) < 0 ||
	    site->host->find_loops(site->host, image_fd, &devices, err) < 0)
		return -1;
	ret_marks->count = 0;
	for (size_t i = 0; i < devices.count; i++) {
		const struct loop_device *device = &devices.items[i];
		char path[LOOP_DEVICE_PATH_MAX];
		struct mount_mark node = { .node = true, .read_only = device->read_only };
		loop_device_path(device->number, path);
		add_mark(ret_marks, (struct mount_mark) {
					    .device = device->device,
					    .root = "/",
					    .kept = device->kept,
					    .source = arena_strdup(table->arena, path),
					    .encrypted = "/" FSCRYPT_FOLDER,
				    });
		if (site->host->look_at_mount(site->host, path, table) > 0)
			return 1;
		node.root = mount_table_root(table, path, &node.device);
		if (node.root)
			add_mark(ret_marks, node);
	}
	return 0;
}

/* The device goes away with its last mount. One that is left was attached by hand, is held by
 * another mount namespace, or is just being looked at by udev, which is soon over. */
static int release(const struct backend_site *site, int folder_fd, struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	struct loop_device device = { 0 };
	if (open_image(folder_fd, &image_fd, err) < 0)
		return -1;
	for (int tries = 0; tries < RELEASE_TRIES; tries++) {
		int gone = site->host->detach_loop(site->host, image_fd, &device, err);
		if (gone)
			return gone > 0 ? 0 : -1;
		if (tries > 0)
			nanosleep(&(struct timespec) { .tv_nsec = RELEASE_WAIT_MS * 1000000L },
				  NULL);
	}
	return error_set(err, ERROR_IN_USE,
			 "/dev/loop%u still has its image open: a process or another mount "
			 "namespace holds it",
			 device.number);
}

static int stat_image(int folder_fd, struct stat *ret_stat)
{
	return fstatat(folder_fd, LAYOUT_IMAGE, ret_stat, AT_SYMLINK_NOFOLLOW);
}

static uint64_t allocated_bytes(const struct backend_site *site, int folder_fd)
{
	struct stat image;
	if (stat_image(folder_fd, &image) < 0)
		return 0;
	uint64_t allocated = (uint64_t)image.st_blocks * STAT_BLOCK_BYTES;
	/* The disk's own tables are not part of the promise. */
	return allocated < (uint64_t)image.st_size ? allocated : (uint64_t)image.st_size;
}

static uint64_t size_bytes(int folder_fd)
{
	struct stat image;
	return stat_image(folder_fd, &image) < 0 ? 0 : (uint64_t)image.st_size;
}

/* Nothing has to be there before the image is copied. */
static int prepare_copy(const struct backend_site *site, const struct backend_copy *copy,
			struct volume_record *record, struct error *err)
{
	return 0;
}

/* Larger than its source: the file system grows when it is mounted. */
static int fit_copy(const struct backend_site *site, int folder_fd, struct volume_record *record,
		    struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	struct stat image;
	off_t bytes = (off_t)record->size_bytes;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDWR, 0, &image_fd, err) < 0)
		return -1;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "stat of the image");
	if (image.st_size > bytes)
		return error_set(err, ERROR_INTERNAL,
				 "the image of the source has %lld bytes, more than the %lld of "
				 "its record; nothing is cut off",
				 (long long)image.st_size, (long long)bytes);
	if (set_size(image_fd, record, err) < 0)
		return -1;
	if (!record->block &&
	    site->host->renew_filesystem(site->host, record->fs_type, image_fd, err) < 0)
		return -1;
	if (fsync(image_fd) < 0)
		return error_errno(err, errno, "fsync of the image");
	return 0;
}

static int measure(int folder_fd, const struct copy_watch *watch, uint64_t *ret_bytes,
		   struct error *err)
{
	struct stat image;
	if (stat_image(folder_fd, &image) < 0)
		return error_errno(err, errno, "stat of the image");
	*ret_bytes = (uint64_t)image.st_blocks * STAT_BLOCK_BYTES;
	return 0;
}

static int held_bytes(int folder_fd, uint64_t *ret_bytes, struct error *err)
{
	*ret_bytes = extents_held_bytes(folder_fd, LAYOUT_IMAGE);
	return 0;
}

static uint64_t own_bytes(int folder_fd)
{
	return extents_own_bytes(folder_fd, LAYOUT_IMAGE);
}

static int forget(const struct backend_site *site, int folder_fd, bool half_made, struct error *err)
{
	return 0;
}

const struct backend backend_loop = {
	.data_name = LAYOUT_IMAGE,
	.device = true,
	.continues_copies = true,
	.check_fs_type = check_fs_type,
	.check_pool = check_pool,
	.make = make,
	.stage = stage,
	.grow = grow,
	.undo_growth = undo_growth,
	.grow_mounted = grow_mounted,
	.keep = keep,
	.mark = mark,
	.release = release,
	.allocated_bytes = allocated_bytes,
	.size_bytes = size_bytes,
	.forget = forget,
	.copy_begin = backend_loop_copy_begin,
	.copy_take = backend_loop_copy_take,
	.copy_finish = backend_loop_copy_finish,
	.copy_still = backend_loop_copy_still,
	.prepare_copy = prepare_copy,
	.fit_copy = fit_copy,
	.measure = measure,
	.held_bytes = held_bytes,
	.own_bytes = own_bytes,
};
