/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/kernel_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/loop_device.h"
#include "disk/lost_found.h"

#define REASON_MAX 256
#define UNMOUNT_TRIES 20
#define UNMOUNT_WAIT_MS 5

/* The messages that a file system context holds for us: "e ext4: Unknown parameter 'x'". The last
 * one that is an error, without its mark; "" if there is none. */
static void read_reason(int context_fd, char reason[static REASON_MAX])
{
	char message[REASON_MAX];
	reason[0] = '\0';
	for (;;) {
		ssize_t length = read(context_fd, message, sizeof(message) - 1);
		if (length <= 0)
			return;
		message[length] = '\0';
		if (message[0] == 'e' && message[1] == ' ')
			strcpy(reason, message + 2);
		reason[strcspn(reason, "\n")] = '\0';
	}
}

static int fail(int context_fd, int errno_value, const char *what, struct error *err)
{
	char reason[REASON_MAX];
	read_reason(context_fd, reason);
	if (reason[0])
		return error_errno(err, errno_value, "%s: %s", what, reason);
	return error_errno(err, errno_value, "%s", what);
}

/* "commit=30" is a key with a value, "discard" a flag. The kernel judges both, now or when the
 * file system is created; either way the option is the caller's. */
static int set_option(int context_fd, const char *option, struct error *err)
{
	char key[64];
	const char *equals = strchr(option, '=');
	size_t length = equals ? (size_t)(equals - option) : strlen(option);
	if (length >= sizeof(key))
		return error_set(err, ERROR_INVALID, "mount_flags: \"%s\" is too long", option);
	memcpy(key, option, length);
	key[length] = '\0';
	int outcome = equals ? fsconfig(context_fd, FSCONFIG_SET_STRING, key, equals + 1, 0)
			     : fsconfig(context_fd, FSCONFIG_SET_FLAG, key, NULL, 0);
	if (outcome == 0)
		return 0;
	fail(context_fd, errno, "the kernel refuses it", err);
	error_prefix(err, "mount_flags: \"%s\"", option);
	if (err)
		err->code = ERROR_INVALID;
	return -1;
}

static int set_options(int context_fd, const struct mount_flags *flags, struct error *err)
{
	if (flags->read_only && fsconfig(context_fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return fail(context_fd, errno, "mount read-only", err);
	for (size_t i = 0; i < flags->option_count; i++)
		if (set_option(context_fd, flags->options[i], err) < 0)
			return -1;
	return 0;
}

static int open_context(unsigned loop_number, const char *type, struct error *err)
{
	char source[LOOP_DEVICE_PATH_MAX];
	loop_device_path(loop_number, source);
	CLEANUP_CLOSE int context_fd = fsopen(type, FSOPEN_CLOEXEC);
	if (context_fd < 0)
		return error_errno(err, errno, "this kernel has no file system %s", type);
	if (fsconfig(context_fd, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fail(context_fd, errno, source, err);
	return TAKE_FD(context_fd);
}

static int refuse_mount(int context_fd, int errno_value, unsigned loop_number,
			const struct mount_flags *flags, struct error *err)
{
	fail(context_fd, errno_value, "mount", err);
	/* Some options are judged only together. */
	if (err && errno_value == EINVAL && flags->option_count)
		err->code = ERROR_INVALID;
	error_prefix(err, "/dev/loop%u", loop_number);
	return errno_value == EUCLEAN || errno_value == EBADMSG ? 1 : -1;
}

static int move_into_place(int mount_fd, const char *target, struct error *err)
{
	if (move_mount(mount_fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(err, errno, "mount at %s", target);
	return 0;
}

int kernel_mount_nowhere(unsigned loop_number, const char *type, const struct mount_flags *flags,
			 int *ret_mount_fd, struct error *err)
{
	CLEANUP_CLOSE int context_fd = open_context(loop_number, type, err);
	if (context_fd < 0)
		return -1;
	/* Images of earlier releases do not say so themselves; the caller's options come later. */
	if (strcmp(type, "ext4") == 0 &&
	    fsconfig(context_fd, FSCONFIG_SET_STRING, "errors", "remount-ro", 0) < 0)
		return fail(context_fd, errno, "errors=remount-ro", err);
	if (set_options(context_fd, flags, err) < 0)
		return -1;
	/* A volume and its clone have one UUID and are mounted at the same time (xfs(5)). */
	if (strcmp(type, "xfs") == 0 &&
	    fsconfig(context_fd, FSCONFIG_SET_FLAG, "nouuid", NULL, 0) < 0)
		return fail(context_fd, errno, "nouuid", err);
	if (fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return refuse_mount(context_fd, errno, loop_number, flags, err);
	int mount_fd = fsmount(context_fd, FSMOUNT_CLOEXEC, (unsigned)flags->attributes);
	if (mount_fd < 0)
		return fail(context_fd, errno, "mount", err);
	*ret_mount_fd = mount_fd;
	return 0;
}

int kernel_mount(unsigned loop_number, const char *type, const struct mount_flags *flags,
		 const char *target, struct error *err)
{
	CLEANUP_CLOSE int mount_fd = -1;
	int outcome = kernel_mount_nowhere(loop_number, type, flags, &mount_fd, err);
	if (outcome)
		return outcome;
	if (strcmp(type, "ext4") == 0 && !flags->read_only)
		lost_found_remove(mount_fd);
	return move_into_place(mount_fd, target, err);
}

static int clone_part(int mount_fd, const char *folder)
{
	return open_tree(mount_fd, folder,
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
}

int kernel_mount_part(int mount_fd, const char *folder, const char *target, struct error *err)
{
	CLEANUP_CLOSE int part_fd = clone_part(mount_fd, folder);
	if (part_fd >= 0)
		return move_into_place(part_fd, target, err);
	if (errno != EINVAL)
		return error_errno(err, errno, "clone the mount for %s", target);
	return kernel_mount_part_at_target(mount_fd, folder, target, err);
}

int kernel_mount_part_at_target(int mount_fd, const char *folder, const char *target,
				struct error *err)
{
	if (move_into_place(mount_fd, target, err) < 0)
		return -1;
	CLEANUP_CLOSE int part_fd = clone_part(mount_fd, folder);
	int clone_errno = errno;
	/* No process has anything open in it: the target is the caller's alone. */
	if (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return error_errno(err, errno, "unmount %s", target);
	if (part_fd < 0)
		return error_errno(err, clone_errno, "clone the mount for %s", target);
	return move_into_place(part_fd, target, err);
}

/* Between the look at the table and this, others may have mounted over the place, or unmounted. */
int kernel_mount_open(const struct mount *mount, int *ret_fd, struct error *err)
{
	struct statx there;
	CLEANUP_CLOSE int fd = open(mount->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 1
			       : error_errno(err, errno, "open %s", mount->point);
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &there) < 0)
		return error_errno(err, errno, "look at %s", mount->point);
	if (!(there.stx_mask & STATX_MNT_ID))
		return error_set(err, ERROR_UNSUPPORTED,
				 "the kernel does not say which mount %s is (before Linux 5.8)",
				 mount->point);
	if (there.stx_mnt_id != mount->id)
		return 1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int kernel_bind(int source_fd, const char *target, uint64_t attributes, struct error *err)
{
	CLEANUP_CLOSE int tree_fd =
		open_tree(source_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree_fd < 0)
		return error_errno(err, errno, "clone the mount for %s", target);
	struct mount_attr change = { .attr_set = attributes };
	if (attributes & MOUNT_ATTR__ATIME)
		change.attr_clr = MOUNT_ATTR__ATIME;
	if (attributes && mount_setattr(tree_fd, "", AT_EMPTY_PATH, &change, sizeof(change)) < 0)
		return error_errno(err, errno, "set the attributes of the mount for %s", target);
	return move_into_place(tree_fd, target, err);
}

/* A program that another call just starts has our open files for the moment between fork and exec,
 * and with them the mount on which one of them lies. That is soon over. */
int kernel_unmount(const char *target, struct error *err)
{
	for (int tries = 1;; tries++) {
		if (umount2(target, UMOUNT_NOFOLLOW) == 0 || errno == EINVAL)
			return 0;
		if (errno != EBUSY || tries == UNMOUNT_TRIES)
			return error_errno(err, errno, "unmount %s", target);
		nanosleep(&(struct timespec) { .tv_nsec = UNMOUNT_WAIT_MS * 1000000L }, NULL);
	}
}
