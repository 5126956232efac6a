/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/group.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder/folder.h"

#define FILE_BITS 0660
#define FOLDER_BITS (S_ISGID | 0770)

static bool belongs(const struct stat *there, gid_t group)
{
	return there->st_gid == group && (there->st_mode & FOLDER_BITS) == FOLDER_BITS;
}

/* chown(2) takes setuid and setgid away: the mode is set afterwards. fchmod(2) does not work on a
 * descriptor that was opened without opening the file, which for a FIFO or a device must not be. */
static int change(int path_fd, const struct stat *there, gid_t group, struct error *err)
{
	char path[64];
	mode_t bits = S_ISDIR(there->st_mode) ? FOLDER_BITS : FILE_BITS;
	if (fchownat(path_fd, "", (uid_t)-1, group, AT_EMPTY_PATH) < 0)
		return error_errno(err, errno, "volume_mount_group: change the group");
	if (S_ISLNK(there->st_mode))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	if (chmod(path, (there->st_mode & 07777) | bits) < 0)
		return error_errno(err, errno, "volume_mount_group: change the mode");
	return 0;
}

struct walk {
	int folder_fd;
	gid_t group;
	unsigned depth;
};

/* Right after it could not be opened. What is gone meanwhile, or is a mount, is not the volume's.
 * All else is not passed over: the volume would be taken for the group's with a part of it that is
 * not. */
static int pass_over_or_fail(const struct error *reason, struct error *err)
{
	if (errno == ENOENT || errno == EXDEV)
		return 0;
	*err = *reason;
	return -1;
}

static int visit(void *context, const char *name, struct error *err);

static int enter(const struct walk *walk, const char *name, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	if (walk->depth == VOLUME_GROUP_DEPTH_MAX)
		return 0;
	struct error reason = { 0 };
	if (folder_open(walk->folder_fd, name, &fd, &reason) < 0)
		return pass_over_or_fail(&reason, err);
	struct walk below = { .folder_fd = fd, .group = walk->group, .depth = walk->depth + 1 };
	return folder_visit(fd, visit, &below, err);
}

static int visit(void *context, const char *name, struct error *err)
{
	const struct walk *walk = context;
	struct stat there;
	CLEANUP_CLOSE int path_fd = -1;
	struct error reason = { 0 };
	if (folder_open_file(walk->folder_fd, name, O_PATH, 0, &path_fd, &reason) < 0)
		return pass_over_or_fail(&reason, err);
	if (fstat(path_fd, &there) < 0)
		return error_errno(err, errno, "volume_mount_group: stat %s", name);
	if (S_ISDIR(there.st_mode) && enter(walk, name, err) < 0)
		return error_prefix(err, "%s", name);
	return change(path_fd, &there, walk->group, err);
}

int volume_group_apply(const char *path, gid_t group, struct error *err)
{
	struct stat root;
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &root) < 0)
		return error_errno(err, errno, "volume_mount_group: open %s", path);
	if (belongs(&root, group))
		return 1;
	struct walk walk = { .folder_fd = fd, .group = group };
	if (folder_visit(fd, visit, &walk, err) < 0)
		return error_prefix(err, "volume_mount_group");
	return change(fd, &root, group, err);
}
