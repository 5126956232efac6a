/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A sparse image with a file system in it, mounted through a loop device. Its size holds by
 * itself: the file system ends where the image ends.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "folder.h"
#include "pool.h"

#define IMAGE_NAME "image"
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
static int check_pool(struct pool *pool, const struct parameters *parameters, struct error *err)
{
	return 0;
}

static int make(struct pool *pool, int folder_fd, struct volume_record *record, struct error *err)
{
	int image_fd CLEANUP_CLOSE = -1;
	if (folder_open_file(folder_fd, IMAGE_NAME, O_RDWR | O_CREAT | O_EXCL, IMAGE_MODE,
			     &image_fd, err) < 0)
		return -1;
	if (ftruncate(image_fd, (off_t)record->size_bytes) < 0) {
		if (errno == EFBIG)
			return error_set(
				err, ERROR_RANGE,
				"capacity_range: the pool's file system cannot hold a file "
				"of %llu bytes",
				(unsigned long long)record->size_bytes);
		return error_errno(err, errno, "set the size of the image");
	}
	if (pool->host->make_filesystem(pool->host, record->fs_type, image_fd, err) < 0)
		return -1;
	if (fsync(image_fd) < 0)
		return error_errno(err, errno, "fsync of the image");
	return 0;
}

/* Only what we put there is mounted; and nothing is ever formatted here, whatever is missing. */
static int check_content(struct pool *pool, int image_fd, const struct volume_record *record,
			 struct error *err)
{
	char found[FILESYSTEM_TYPE_MAX];
	if (pool->host->probe_filesystem(pool->host, image_fd, found, err) < 0)
		return -1;
	if (strcmp(found, record->fs_type) != 0)
		return error_set(err, ERROR_INTERNAL,
				 "its image should hold %s, but holds %s; it is not touched",
				 record->fs_type, found[0] ? found : "no file system that we make");
	return 0;
}

static int stage(struct pool *pool, int folder_fd, const struct volume_record *record,
		 const char *staging_path, const struct mount_flags *flags, struct error *err)
{
	int image_fd CLEANUP_CLOSE = -1;
	if (folder_open_file(folder_fd, IMAGE_NAME, O_RDWR, 0, &image_fd, err) < 0 ||
	    check_content(pool, image_fd, record, err) < 0)
		return -1;
	/* From the mount on, that holds the device; without one it goes away at the end of this. */
	struct loop_device device CLEANUP(loop_device_done) = { .fd = -1 };
	if (pool->host->attach_loop(pool->host, image_fd, &device, err) < 0)
		return -1;
	return pool->host->mount(pool->host, &device, record->fs_type, flags, staging_path, err);
}

static int open_image(int folder_fd, int *ret_fd, struct error *err)
{
	return folder_open_file(folder_fd, IMAGE_NAME, O_RDONLY, 0, ret_fd, err);
}

static int mark(struct pool *pool, int folder_fd, const char *id, const struct mount_table *table,
		struct mount_mark *ret_mark, struct error *err)
{
	int image_fd CLEANUP_CLOSE = -1;
	struct loop_device device;
	if (open_image(folder_fd, &image_fd, err) < 0)
		return -1;
	int found = pool->host->find_loop(pool->host, image_fd, &device, err);
	if (found <= 0)
		return found;
	char path[LOOP_DEVICE_PATH_MAX];
	loop_device_path(device.number, path);
	*ret_mark = (struct mount_mark) {
		.device = device.device,
		.root = "/",
		.source = arena_strdup(table->arena, path),
	};
	return 1;
}

/* The device goes away with its last mount. One that is left was attached by hand, is held by
 * another mount namespace, or is just being looked at by udev, which is soon over. */
static int release(struct pool *pool, int folder_fd, struct error *err)
{
	int image_fd CLEANUP_CLOSE = -1;
	struct loop_device device = { 0 };
	if (open_image(folder_fd, &image_fd, err) < 0)
		return -1;
	for (int tries = 0; tries < RELEASE_TRIES; tries++) {
		int gone = pool->host->detach_loop(pool->host, image_fd, &device, err);
		if (gone)
			return gone > 0 ? 0 : -1;
		if (tries > 0)
			nanosleep(&(struct timespec) { .tv_nsec = RELEASE_WAIT_MS * 1000000 },
				  NULL);
	}
	return error_set(err, ERROR_IN_USE,
			 "/dev/loop%u still has its image open: a process or another mount "
			 "namespace holds it",
			 device.number);
}

static int stat_image(int folder_fd, struct stat *ret_stat)
{
	return fstatat(folder_fd, IMAGE_NAME, ret_stat, AT_SYMLINK_NOFOLLOW);
}

static uint64_t allocated_bytes(struct pool *pool, int folder_fd)
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

static int forget(struct pool *pool, int folder_fd, bool half_made, struct error *err)
{
	return 0;
}

const struct backend backend_loop = {
	.data_name = IMAGE_NAME,
	.check_fs_type = check_fs_type,
	.check_pool = check_pool,
	.make = make,
	.stage = stage,
	.mark = mark,
	.release = release,
	.allocated_bytes = allocated_bytes,
	.size_bytes = size_bytes,
	.forget = forget,
};
