/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define TRIES 1000

static void give_up(const char *what)
{
	fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
	abort();
}

static void wait_ms(useconds_t ms)
{
	usleep(ms * 1000);
}

static int attach(struct disk *disk, int image_fd, int control_fd)
{
	char path[32];
	int number = ioctl(control_fd, LOOP_CTL_GET_FREE);
	if (number < 0)
		give_up("LOOP_CTL_GET_FREE");
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	struct loop_config config = { .fd = (uint32_t)image_fd,
				      .info = { .lo_flags = LO_FLAGS_AUTOCLEAR } };
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_CONFIGURE, &config) < 0)
		return -1;
	disk->loop_number = (unsigned)number;
	return TAKE_FD(fd);
}

static void mount_image(struct disk *disk)
{
	char source[32];
	CLEANUP_CLOSE int image_fd = open(disk->image, O_RDWR | O_CLOEXEC);
	CLEANUP_CLOSE int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	CLEANUP_CLOSE int fd = -1;
	if (image_fd < 0 || control_fd < 0)
		give_up("open");
	for (int tries = 0; fd < 0 && tries < TRIES; tries++) {
		fd = attach(disk, image_fd, control_fd);
		if (fd < 0)
			wait_ms(5); /* somebody was faster, or the node is not there yet */
	}
	if (fd < 0)
		give_up("LOOP_CONFIGURE");
	snprintf(source, sizeof(source), "/dev/loop%u", disk->loop_number);
	if (mount(source, disk->folder, "ext4", 0, "commit=900,noinit_itable") < 0)
		give_up("mount");
	disk->mounted = true;
}

static void run(const char *command)
{
	if (system(command) != 0)
		give_up(command);
}

void disk_init(struct disk *disk, const char *folder, uint64_t bytes)
{
	char command[512];
	*disk = (struct disk) { 0 };
	const char *place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(disk->folder, sizeof(disk->folder), "%s", folder);
	snprintf(disk->image, sizeof(disk->image), "%s/kentledge-disk-XXXXXX", place);
	CLEANUP_CLOSE int fd = mkstemp(disk->image);
	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		give_up(disk->image);
	snprintf(disk->kept, sizeof(disk->kept), "%s.kept", disk->image);
	snprintf(command, sizeof(command),
		 "mkfs.ext4 -q -F -b 4096 -m 0 -J size=8 -E "
		 "lazy_itable_init=0,assume_storage_prezeroed=1 %s",
		 disk->image);
	run(command);
	mount_image(disk);
}

/* One that was held still for a snapshot would outlive its unmounting. */
static void thaw(const char *point)
{
	CLEANUP_CLOSE int fd = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		ioctl(fd, FITHAW);
}

/* Mounts in the folder in which it lies, and stacked ones: the last one in the table first. */
static bool unmount_one(const struct disk *disk)
{
	CLEANUP_FREE char *text = NULL;
	char point[256] = "", line_point[256];
	size_t length = (size_t)(strrchr(disk->folder, '/') + 1 - disk->folder);
	if (file_read("/proc/self/mounts", 16 << 20, &text, NULL, NULL) < 0)
		give_up("/proc/self/mounts");
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (sscanf(line, "%*s %255s", line_point) == 1 &&
		    strncmp(line_point, disk->folder, length) == 0)
			strcpy(point, line_point);
	if (!point[0])
		return false;
	thaw(point);
	if (umount2(point, MNT_DETACH) < 0)
		give_up(point);
	return true;
}

static bool is_attached(const struct disk *disk)
{
	char path[64];
	CLEANUP_FREE char *text = NULL;
	snprintf(path, sizeof(path), "/sys/block/loop%u/loop/backing_file", disk->loop_number);
	return file_read(path, 4096, &text, NULL, NULL) == 0 &&
	       strncmp(text, disk->image, strlen(disk->image)) == 0;
}

/* Devices of images on the disk that live without a mount, as those of block volumes do. */
static void detach_others(const struct disk *disk)
{
	DIR *dir = opendir("/sys/block");
	for (const struct dirent *entry; dir && (entry = readdir(dir));) {
		char path[512];
		CLEANUP_FREE char *text = NULL;
		snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", entry->d_name);
		if (file_read(path, 4096, &text, NULL, NULL) < 0 ||
		    strncmp(text, disk->folder, strlen(disk->folder)) != 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			ioctl(fd, LOOP_CLR_FD);
	}
	if (dir)
		closedir(dir);
}

static void unmount_all(struct disk *disk)
{
	detach_others(disk);
	while (unmount_one(disk))
		;
	disk->mounted = false;
	for (int tries = 0; is_attached(disk) && tries < TRIES; tries++)
		wait_ms(2);
	if (is_attached(disk))
		give_up("the disk is still in use");
}

void disk_done(struct disk *disk)
{
	if (disk->mounted)
		unmount_all(disk);
	unlink(disk->image);
	unlink(disk->kept);
}

/* How many sectors were written since it was attached, and what is on its way. */
static void read_activity(const struct disk *disk, unsigned long *ret_sectors,
			  unsigned long *ret_on_the_way)
{
	char path[64];
	CLEANUP_FREE char *text = NULL;
	snprintf(path, sizeof(path), "/sys/block/loop%u/stat", disk->loop_number);
	if (file_read(path, 4096, &text, NULL, NULL) < 0 ||
	    sscanf(text, "%*u %*u %*u %*u %*u %*u %lu %*u %lu", ret_sectors, ret_on_the_way) != 2)
		give_up(path);
}

static void copy_range(int from_fd, int to_fd, off_t begin, off_t end)
{
	off_t to = begin;
	while (begin < end) {
		ssize_t length =
			copy_file_range(from_fd, &begin, to_fd, &to, (size_t)(end - begin), 0);
		if (length <= 0)
			give_up("copy_file_range");
	}
}

static void copy_image(const char *from, const char *to)
{
	CLEANUP_CLOSE int from_fd = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int to_fd = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	off_t size = lseek(from_fd, 0, SEEK_END);
	if (from_fd < 0 || to_fd < 0 || ftruncate(to_fd, size) < 0)
		give_up("copy of the disk");
	off_t begin = 0;
	while ((begin = lseek(from_fd, begin, SEEK_DATA)) >= 0) {
		off_t end = lseek(from_fd, begin, SEEK_HOLE);
		copy_range(from_fd, to_fd, begin, end);
		begin = end;
	}
}

void disk_keep(struct disk *disk)
{
	for (int tries = 0; tries < TRIES; tries++) {
		unsigned long before, after, on_the_way;
		read_activity(disk, &before, &on_the_way);
		copy_image(disk->image, disk->kept);
		read_activity(disk, &after, &on_the_way);
		if (before == after && on_the_way == 0)
			return;
		wait_ms(1); /* a copy of two moments is not what a disk ever held */
	}
	give_up("the disk is never quiet");
}

void disk_lose_power(struct disk *disk)
{
	unmount_all(disk);
	if (rename(disk->kept, disk->image) < 0)
		give_up("rename");
	mount_image(disk);
}
