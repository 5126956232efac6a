/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/filesystem_check.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/image_mark.h"
#include "disk/loop_device.h"
#include "disk/process.h"

#define IMAGE "/proc/self/fd/3"
#define CHECK_TIMEOUT_MS 600000
#define REPAIRED 1 /* e2fsck(8): "File system errors corrected" */

/* Documentation/filesystems/ext4/super.rst: s_magic and s_state. */
#define MAGIC_OFFSET (1024 + 0x38)
#define MAGIC 0xef53
#define STATE_CLEAN 1
#define STATE_ERRORS 2

static const char *const check_what_is_due[] = { "e2fsck", "-p", IMAGE, NULL };
static const char *const check_all[] = { "e2fsck", "-f", "-p", IMAGE, NULL };

static bool says_so(int image_fd)
{
	uint16_t words[2];
	if (pread(image_fd, words, sizeof(words), MAGIC_OFFSET) != sizeof(words) ||
	    le16toh(words[0]) != MAGIC)
		return false;
	unsigned state = le16toh(words[1]);
	return !(state & STATE_CLEAN) || (state & STATE_ERRORS);
}

static int run(const char *const *argv, int image_fd, struct error *err)
{
	return process_run_to(argv, image_fd, CHECK_TIMEOUT_MS, REPAIRED, err);
}

/* A check that was killed may have left a superblock of which only a part is written. */
static int check_with_superblock_kept(int image_fd, bool all, struct error *err)
{
	const char *const *argv = all ? check_all : check_what_is_due;
	struct error reason = { 0 };
	if (image_mark_keep_superblock(image_fd, err) < 0)
		return -1;
	int outcome = run(argv, image_fd, &reason);
	if (outcome < 0 && reason.code != ERROR_TIMEOUT && image_mark_put_superblock_back(image_fd))
		outcome = run(argv, image_fd, &reason);
	if (outcome == 0 && fsync(image_fd) < 0)
		return error_errno(err, errno, "fsync of the image");
	if (outcome < 0)
		*err = reason;
	if (reason.code != ERROR_TIMEOUT &&
	    image_mark_clear(image_fd, IMAGE_MARK_SUPERBLOCK, NULL) < 0)
		return error_set(err, ERROR_INTERNAL, "unmark the image");
	return outcome < 0 ? -1 : 1;
}

/* Of an image that has a device, the kernel's cache would not see what a program writes to it. */
static int check_unless_attached(int image_fd, bool all, struct error *err)
{
	struct loop_device device = { 0 };
	int found = loop_device_find(image_fd, &device, err);
	if (found < 0)
		return -1;
	if (found > 0 && all)
		return error_set(err, ERROR_IN_USE, "/dev/loop%u has the image open",
				 device.number);
	return found ? 0 : check_with_superblock_kept(image_fd, all, err);
}

static int check_ext4(int image_fd, bool refused, struct error *err)
{
	bool cut_short = image_mark_has_superblock(image_fd);
	/* A growth that was cut short is repaired by the next one (disk/filesystem_grow.h). */
	if (image_mark_is_growing(image_fd) || !(refused || cut_short || says_so(image_fd)))
		return 0;
	/* The program inherits the lock and keeps it, should we die before it. */
	if (image_mark_lock(image_fd, LOCK_EX, err) < 0)
		return -1;
	int outcome = check_unless_attached(image_fd, refused || cut_short, err);
	image_mark_unlock(image_fd);
	return outcome;
}

int filesystem_check(const char *type, int image_fd, bool refused, struct error *err)
{
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	if (strcmp(type, "ext4") == 0)
		return check_ext4(image_fd, refused, reason);
	return refused ? error_set(reason, ERROR_INTERNAL, "the kernel found it damaged") : 0;
}

const char *filesystem_check_command(const char *type)
{
	if (strcmp(type, "xfs") == 0)
		return "xfs_repair -n";
	return strcmp(type, "btrfs") == 0 ? "btrfs check --readonly" : "e2fsck -f";
}
