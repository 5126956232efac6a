/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend/loop_copy.h"
#include "backend/loop_size.h"
#include "backend/loop_stage.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "disk/extents.h"
#include "disk/fscrypt.h"
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
	if (loop_size_set(image_fd, record, err) < 0)
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

static int grow(const struct backend_site *site, int folder_fd, const struct volume_record *record,
		struct error *err)
{
	CLEANUP_CLOSE int image_fd = -1;
	struct stat image;
	if (folder_open_file(folder_fd, LAYOUT_IMAGE, O_RDWR, 0, &image_fd, err) < 0)
		return -1;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "stat of the image");
	if ((uint64_t)image.st_size < record->size_bytes &&
	    loop_size_set(image_fd, record, err) < 0)
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
	    (!read_only && loop_size_hold(image_fd, record, err) < 0))
		return -1;
	int kept = site->host->keep_loop(site->host, image_fd, read_only,
					 loop_size_may_discard(record), ret_device, err);
	if (kept >= 0)
		loop_size_set_discard(site, ret_device, record);
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
	if (loop_size_set(image_fd, record, err) < 0)
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
	.stage = backend_loop_stage,
	.grow = grow,
	.undo_growth = undo_growth,
	.grow_mounted = backend_loop_grow_mounted,
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
