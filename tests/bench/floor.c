/* SPDX-License-Identifier: Apache-2.0 */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/filesystem.h"

#define SIZE_BYTES (1LL << 30)

static int sync_path(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : fsync(fd);
}

static int write_synced(const char *path, const char *text)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : fsync(fd);
}

static int make_image(const char *path)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, SIZE_BYTES) < 0 || filesystem_make("ext4", fd, NULL, &err) < 0)
		return -1;
	return fsync(fd);
}

static int create(const struct floor_pool *pool, const char *name)
{
	char tmp[256], path[300], record[300], fresh[300];
	snprintf(tmp, sizeof(tmp), "%s/.%s", pool->path, name);
	snprintf(path, sizeof(path), "%s/data", tmp);
	snprintf(fresh, sizeof(fresh), "%s/record.new", tmp);
	snprintf(record, sizeof(record), "%s/record", tmp);
	if (mkdir(tmp, 0700) < 0)
		return -1;
	if (pool->loop ? make_image(path) < 0 : (mkdir(path, 0755) < 0 || sync_path(path) < 0))
		return -1;
	if (write_synced(fresh, "a record is a few hundred bytes\n") < 0 ||
	    rename(fresh, record) < 0 || sync_path(tmp) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", pool->path, name);
	return rename(tmp, path) < 0 ? -1 : sync_path(pool->path);
}

/* -1, or the number of the device; *ret_fd holds it until it is mounted. */
static int attach(const char *image, int *ret_fd)
{
	char device[32];
	CLEANUP_CLOSE int image_fd = open(image, O_RDWR | O_CLOEXEC);
	CLEANUP_CLOSE int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	for (int tries = 0; tries < 1000; tries++) {
		int number = ioctl(control_fd, LOOP_CTL_GET_FREE);
		snprintf(device, sizeof(device), "/dev/loop%d", number);
		CLEANUP_CLOSE int fd = open(device, O_RDWR | O_CLOEXEC);
		struct loop_config config = {
			.fd = (unsigned)image_fd,
			.block_size = 4096,
			.info = { .lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO },
		};
		if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) == 0) {
			*ret_fd = TAKE_FD(fd);
			return number;
		}
		usleep(1000);
	}
	return -1;
}

static int stage(const struct floor_pool *pool, const char *name, const char *staging)
{
	char data[300], device[32];
	CLEANUP_CLOSE int device_fd = -1;
	snprintf(data, sizeof(data), "%s/%s/data", pool->path, name);
	if (!pool->loop)
		return mount(data, staging, NULL, MS_BIND, NULL);
	int number = attach(data, &device_fd);
	snprintf(device, sizeof(device), "/dev/loop%d", number);
	return number < 0 ? -1 : mount(device, staging, "ext4", 0, NULL);
}

static int delete (const struct floor_pool *pool, const char *name)
{
	char path[256], trash[256], inside[300];
	snprintf(path, sizeof(path), "%s/%s", pool->path, name);
	snprintf(trash, sizeof(trash), "%s/.trash-%s", pool->path, name);
	if (rename(path, trash) < 0 || sync_path(pool->path) < 0)
		return -1;
	snprintf(inside, sizeof(inside), "%s/record", trash);
	unlink(inside);
	snprintf(inside, sizeof(inside), "%s/data", trash);
	if (pool->loop ? unlink(inside) < 0 : rmdir(inside) < 0)
		return -1;
	return rmdir(trash);
}

static int take(const struct floor_pool *pool, enum cycle_step step, const char *name,
		const char *staging, const char *target)
{
	switch (step) {
	case CYCLE_CREATE:
		return create(pool, name);
	case CYCLE_STAGE:
		return stage(pool, name, staging);
	case CYCLE_PUBLISH:
		return mkdir(target, 0750) < 0 ? -1 : mount(staging, target, NULL, MS_BIND, NULL);
	case CYCLE_UNPUBLISH:
		return umount(target) < 0 ? -1 : rmdir(target);
	case CYCLE_UNSTAGE:
		return umount(staging);
	default:
		return delete (pool, name);
	}
}

int floor_fill(const struct floor_pool *pool, unsigned count)
{
	char path[256];
	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/pvc-there-%u", pool->path, i);
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -1;
	}
	return count ? sync_path(pool->path) : 0;
}

int floor_step(void *context, enum cycle_step step, const char *name, const char *folder,
	       struct error *err)
{
	char staging[300], target[300];
	snprintf(staging, sizeof(staging), "%s/staging", folder);
	snprintf(target, sizeof(target), "%s/target", folder);
	mkdir(staging, 0750);
	if (take(context, step, name, staging, target) < 0)
		return error_errno(err, errno, "the system calls of this step");
	return 0;
}
