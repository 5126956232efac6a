/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/loop_discard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/loop.h"
#include "folder/folder.h"

#define NUMBER_MAX 32
#define NONE "0\n"

/* Documentation/ABI/stable/sysfs-block: what discards are limited to, and what the device could. */
#define SETTING "discard_max_bytes"
#define ABILITY "discard_max_hw_bytes"

static void queue_path(unsigned number, const char *name, char path[static 80])
{
	snprintf(path, 80, LOOP_SYSFS "/loop%u/queue/%s", number, name);
}

static int read_queue(unsigned number, const char *name, char value[static NUMBER_MAX],
		      struct error *err)
{
	char path[80];
	queue_path(number, name, path);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, value, NUMBER_MAX - 1);
	if (length < 0)
		return error_errno(err, errno, "%s", path);
	value[length] = '\0';
	return 0;
}

/* In a container sysfs can be read-only, as its pod's sandbox mounted it first: the kernel has one
 * for each network namespace. */
static int write_queue(unsigned number, const char *name, const char *value, struct error *err)
{
	char path[80];
	queue_path(number, name, path);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, value, strlen(value)) >= 0)
		return 0;
	return error_errno(err, errno, "%s%s", path,
			   errno == EROFS ? " (is the node's /sys/devices/virtual mounted into "
					    "the container, writable?)"
					  : "");
}

int loop_discard_set(unsigned number, bool allowed, struct error *err)
{
	char now[NUMBER_MAX], most[NUMBER_MAX];
	if (read_queue(number, SETTING, now, err) < 0 || read_queue(number, ABILITY, most, err) < 0)
		return -1;
	const char *wanted = allowed ? most : NONE;
	return strcmp(now, wanted) == 0 ? 0 : write_queue(number, SETTING, wanted, err);
}

bool loop_discard_is_spent(unsigned number)
{
	char now[NUMBER_MAX], most[NUMBER_MAX];
	return read_queue(number, SETTING, now, NULL) == 0 && strcmp(now, NONE) == 0 &&
	       read_queue(number, ABILITY, most, NULL) == 0 && strcmp(most, NONE) != 0;
}

bool loop_discard_remove(int control_fd, unsigned number)
{
	return ioctl(control_fd, LOOP_CTL_REMOVE, (long)number) >= 0;
}

struct removal {
	int sys_block_fd;
	int control_fd;
	unsigned count;
};

/* One that gets an image meanwhile is in use, and stays. */
static int remove_if_spent(void *context, const char *name, struct error *err)
{
	struct removal *removal = context;
	char backing_file[64], rest;
	unsigned number;
	if (sscanf(name, "loop%u%c", &number, &rest) != 1)
		return 0;
	snprintf(backing_file, sizeof(backing_file), "loop%u/loop/backing_file", number);
	if (faccessat(removal->sys_block_fd, backing_file, F_OK, 0) == 0 ||
	    !loop_discard_is_spent(number))
		return 0;
	removal->count += loop_discard_remove(removal->control_fd, number);
	return 0;
}

unsigned loop_discard_remove_spent(void)
{
	CLEANUP_CLOSE int sys_block_fd = open(LOOP_SYSFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int control_fd = open(LOOP_CONTROL, O_RDWR | O_CLOEXEC);
	struct removal removal = { .sys_block_fd = sys_block_fd, .control_fd = control_fd };
	if (sys_block_fd >= 0 && control_fd >= 0)
		folder_visit(sys_block_fd, remove_if_spent, &removal, NULL);
	return removal.count;
}
