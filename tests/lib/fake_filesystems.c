/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fake_host.h"

#define SIGNATURE "fake file system "
#define SIZE_PLACE 64 /* behind it */

static int make_filesystem(struct host *host, const char *type, int image_fd,
			   const struct copy_watch *watch, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	char signature[64];
	if (fake_begin_step(fake, "mkfs", err) < 0)
		return -1;
	int length = snprintf(signature, sizeof(signature), SIGNATURE "%s", type);
	struct stat image;
	if (fstat(image_fd, &image) < 0 ||
	    pwrite(image_fd, signature, (size_t)length, 0) != length ||
	    pwrite(image_fd, &(uint64_t) { (uint64_t)image.st_size }, 8, SIZE_PLACE) != 8)
		return error_errno(err, errno, "mkfs");
	return fake_end_step(fake);
}

static int check_filesystem(struct host *host, const char *type, int image_fd, bool refused,
			    const struct copy_watch *watch, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	if (!refused && !fake->has_errors)
		return 0;
	if (fake->beyond_repair)
		return error_set(err, ERROR_INTERNAL, "run fsck manually");
	fake->checks++;
	fake->has_errors = fake->is_damaged = false;
	return 1;
}

static bool grows_mounted(struct host *host, const char *type)
{
	return strcmp(type, "ext4") != 0 || fake_of(host)->has_resources;
}

/* 1: it is that large already. */
static int grow(struct fake_host *fake, int image_fd, uint64_t disk_bytes, struct error *err)
{
	uint64_t bytes = 0;
	if (pread(image_fd, &bytes, 8, SIZE_PLACE) != 8)
		return error_errno(err, errno, "grow");
	if (bytes >= disk_bytes)
		return 1;
	if (fake_begin_step(fake, "grow", err) < 0)
		return -1;
	if (pwrite(image_fd, &disk_bytes, 8, SIZE_PLACE) != 8)
		return error_errno(err, errno, "grow");
	return fake_end_step(fake);
}

static int grow_mounted(struct host *host, const char *type, int mount_fd, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	char path[PATH_MAX];
	unsigned number = 0;
	fake_path_of(mount_fd, path);
	if (sscanf(fake_covering(fake, path)->source, "/dev/loop%u", &number) != 1)
		return error_set(err, ERROR_INTERNAL, "%s: not on a loop device", path);
	CLEANUP_CLOSE int image_fd = open(fake->loops[number].image, O_RDWR | O_CLOEXEC);
	if (image_fd < 0)
		return error_errno(err, errno, "grow");
	if (!grows_mounted(host, type) &&
	    fake_host_filesystem_bytes(fake->loops[number].image) < fake->loops[number].bytes)
		return error_set(err, ERROR_IN_USE, "it grows when it is staged the next time");
	return grow(fake, image_fd, fake->loops[number].bytes, err);
}

static int grow_image(struct host *host, const char *type, int image_fd,
		      const struct copy_watch *watch, struct error *err)
{
	struct stat image;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "grow");
	return grow(fake_of(host), image_fd, (uint64_t)image.st_size, err);
}

static int make_encrypted(struct host *host, const char *type, int image_fd,
			  const struct copy_watch *watch, struct error *err)
{
	return make_filesystem(host, type, image_fd, watch, err);
}

static int probe_filesystem(struct host *host, int image_fd, const char *wanted,
			    char ret_type[static FILESYSTEM_TYPE_MAX], struct error *err)
{
	char signature[64] = "";
	if (pread(image_fd, signature, sizeof(signature) - 1, 0) < 0)
		return error_errno(err, errno, "probe");
	size_t length = strlen(SIGNATURE);
	bool known = strncmp(signature, SIGNATURE, length) == 0;
	snprintf(ret_type, FILESYSTEM_TYPE_MAX, "%.20s", known ? signature + length : "");
	return 0;
}

static int usage(struct host *host, int fd, struct host_usage *ret_usage, struct error *err)
{
	*ret_usage = fake_of(host)->usage;
	return 0;
}

/* A fake file system is the folder on which a mount of it lies: it is frozen by that one's inode.
 */
static int frozen_index(const struct fake_host *fake, uint64_t wanted)
{
	for (int i = 0; i < FAKE_FROZEN_MAX; i++)
		if (fake->frozen[i] == wanted)
			return i;
	return -1;
}

static uint64_t inode_of(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static int freeze(struct host *host, int mount_fd, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	if (fake_begin_step(fake, "freeze", err) < 0)
		return -1;
	if (frozen_index(fake, inode_of(mount_fd)) >= 0)
		return error_set(err, ERROR_BUSY, "frozen already");
	int free_index = frozen_index(fake, 0);
	assert(free_index >= 0);
	fake->frozen[free_index] = inode_of(mount_fd);
	fake->freezes++;
	return fake_end_step(fake);
}

static int thaw(struct host *host, int mount_fd, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	if (fake_begin_step(fake, "thaw", err) < 0)
		return -1;
	int i = frozen_index(fake, inode_of(mount_fd));
	if (i < 0)
		return 1;
	fake->frozen[i] = 0;
	return fake_end_step(fake);
}

static int renew_filesystem(struct host *host, const char *type, int image_fd, struct error *err)
{
	struct fake_host *fake = fake_of(host);
	if (fake_begin_step(fake, "renew", err) < 0)
		return -1;
	return fake_end_step(fake);
}

unsigned fake_host_frozen_count(const struct fake_host *fake)
{
	unsigned count = 0;
	for (int i = 0; i < FAKE_FROZEN_MAX; i++)
		count += fake->frozen[i] != 0;
	return count;
}

uint64_t fake_host_filesystem_bytes(const char *image)
{
	uint64_t bytes = 0;
	CLEANUP_CLOSE int fd = open(image, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &bytes, 8, SIZE_PLACE) != 8)
		return 0;
	return bytes;
}

void fake_filesystems_fill(struct host *host)
{
	host->make_filesystem = make_filesystem;
	host->make_encrypted = make_encrypted;
	host->probe_filesystem = probe_filesystem;
	host->check_filesystem = check_filesystem;
	host->grows_mounted = grows_mounted;
	host->grow_mounted = grow_mounted;
	host->grow_image = grow_image;
	host->usage = usage;
	host->freeze = freeze;
	host->thaw = thaw;
	host->renew_filesystem = renew_filesystem;
}
