/* SPDX-License-Identifier: Apache-2.0 */
#include "loop_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/loop_device.h"
#include "fill.h"

#define NOT_FOUND 127 /* the shell's answer */

static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "loop disk: %s: %s\n", what, why);
	abort();
}

static bool skip(const char *what, const char *why)
{
	printf("SKIPPED: %s: %s\n", what, why);
	return false;
}

bool loop_disk_mount(struct loop_disk *disk, const char *type, const char *mount_data)
{
	struct error err = { 0 };
	char device_path[LOOP_DEVICE_PATH_MAX];
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	CLEANUP_CLOSE int image_fd = open(disk->image, O_RDWR | O_CLOEXEC);
	if (image_fd < 0 || loop_device_attach(image_fd, true, &device, &err) < 0)
		return skip("loop device", err.text);
	loop_device_path(device.number, device_path);
	if (mount(device_path, disk->path, type, 0, mount_data) < 0)
		return skip(mount_data ? mount_data : type, strerror(errno));
	return true;
}

static bool format(const struct loop_disk *disk, const char *type, const char *options,
		   uint64_t bytes)
{
	char command[256];
	CLEANUP_CLOSE int fd = open(disk->image, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		return skip(disk->image, strerror(errno));
	snprintf(command, sizeof(command), "mkfs.%s -q %s %s >/dev/null 2>&1", type, options,
		 disk->image);
	int status = system(command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return skip("no mkfs", type);
	if (status != 0)
		give_up(command, "failed");
	return true;
}

bool loop_disk_make(struct loop_disk *disk, const char *type, const char *options, uint64_t bytes,
		    const char *mount_data)
{
	*disk = (struct loop_disk) { .folder = "/tmp/kentledge-disk-XXXXXX" };
	if (!mkdtemp(disk->folder))
		return skip("mkdtemp", strerror(errno));
	snprintf(disk->image, sizeof(disk->image), "%s/image", disk->folder);
	snprintf(disk->path, sizeof(disk->path), "%s/disk", disk->folder);
	bool made = mkdir(disk->path, 0755) == 0 && format(disk, type, options, bytes) &&
		    loop_disk_mount(disk, type, mount_data);
	if (!made)
		loop_disk_remove(disk);
	return made;
}

void loop_disk_unmount(struct loop_disk *disk)
{
	while (umount2(disk->path, MNT_DETACH) == 0)
		;
}

static const char *filling(const struct loop_disk *disk)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/full", disk->path);
	return path;
}

void loop_disk_fill(const struct loop_disk *disk)
{
	int reason = 0;
	fill_file(AT_FDCWD, filling(disk), UINT64_MAX, &reason);
	if (reason != ENOSPC)
		give_up(filling(disk), strerror(reason));
}

void loop_disk_make_room(const struct loop_disk *disk)
{
	if (unlink(filling(disk)) < 0)
		give_up(filling(disk), strerror(errno));
}

void loop_disk_remove(struct loop_disk *disk)
{
	bool in_use = umount2(disk->path, 0) < 0 && errno == EBUSY;
	loop_disk_unmount(disk);
	unlink(disk->image);
	rmdir(disk->path);
	rmdir(disk->folder);
	if (in_use)
		give_up(disk->path, "in use");
}
