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
/* Longer than any check of an image takes: so that one which waits for a disk that does not answer
 * gives its place back. */
#define CHECK_TIMEOUT_MS (6 * 3600 * 1000)
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

struct check {
	int image_fd;
	bool refused;
	const struct copy_watch *watch;
};

/* SIGTERM ends e2fsck between two steps, after it has written what it holds (its exit status is
 * 32). Where it is too late for that, and SIGKILL comes, the next check goes over all of it again:
 * e2fsck -p repairs what it left half done. */
static int run(const struct check *check, const char *const *argv, struct error *err)
{
	const struct process process = {
		.argv = argv,
		.kept_fd = check->image_fd,
		.timeout_ms = CHECK_TIMEOUT_MS,
		.memory_mib = PROCESS_MEMORY_MUCH_MIB,
		.status_max = REPAIRED,
		.watch = check->watch,
	};
	return process_run(&process, err);
}

/* A check that was killed may have left a superblock of which only a part is written. */
static int check_with_superblock_kept(const struct check *check, bool all, struct error *err)
{
	const char *const *argv = all ? check_all : check_what_is_due;
	int image_fd = check->image_fd;
	struct error reason = { 0 };
	if (image_mark_keep_superblock(image_fd, err) < 0)
		return -1;
	int outcome = run(check, argv, &reason);
	if (outcome < 0 && reason.code == ERROR_INTERNAL &&
	    image_mark_put_superblock_back(image_fd))
		outcome = run(check, argv, &reason);
	if (outcome == 0 && fsync(image_fd) < 0)
		return error_errno(err, errno, "fsync of the image");
	if (outcome < 0)
		*err = reason;
	if (!(outcome < 0 && process_was_cut_short(&reason)) &&
	    image_mark_clear(image_fd, IMAGE_MARK_SUPERBLOCK, NULL) < 0)
		return error_set(err, ERROR_INTERNAL, "unmark the image");
	return outcome < 0 ? -1 : 1;
}

/* Of an image that has a device, the kernel's cache would not see what a program writes to it. */
static int check_unless_attached(const struct check *check, bool all, struct error *err)
{
	struct loop_device device = { 0 };
	int found = loop_device_find(check->image_fd, &device, err);
	if (found < 0)
		return -1;
	if (found > 0 && all)
		return error_set(err, ERROR_IN_USE, "/dev/loop%u has the image open",
				 device.number);
	return found ? 0 : check_with_superblock_kept(check, all, err);
}

static int check_ext4(const struct check *check, struct error *err)
{
	int image_fd = check->image_fd;
	bool refused = check->refused;
	bool cut_short = image_mark_has_superblock(image_fd);
	/* A growth that was cut short is repaired by the next one (disk/filesystem_grow.h). */
	if (image_mark_is_growing(image_fd) || !(refused || cut_short || says_so(image_fd)))
		return 0;
	/* The program inherits the lock and keeps it, should we die before it. */
	if (image_mark_lock(image_fd, LOCK_EX, err) < 0)
		return -1;
	int outcome = check_unless_attached(check, refused || cut_short, err);
	image_mark_unlock(image_fd);
	return outcome;
}

int filesystem_check(const char *type, int image_fd, bool refused, const struct copy_watch *watch,
		     struct error *err)
{
	const struct check check = { .image_fd = image_fd, .refused = refused, .watch = watch };
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	if (strcmp(type, "ext4") == 0)
		return check_ext4(&check, reason);
	return refused ? error_set(reason, ERROR_INTERNAL, "the kernel found it damaged") : 0;
}

const char *filesystem_check_command(const char *type)
{
	if (strcmp(type, "xfs") == 0)
		return "xfs_repair -n";
	return strcmp(type, "btrfs") == 0 ? "btrfs check --readonly" : "e2fsck -f";
}
