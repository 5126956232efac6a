/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define OPEN_TRIES 3

static int open_beneath(int at_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV |
			   RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;
	/* EXDEV is a mount, or what was moved out of the folder during the look (a volume into the
	 * trash): the next look shows which. */
	for (int tries = 0; tries < OPEN_TRIES && fd < 0; tries++) {
		fd = (int)syscall(SYS_openat2, at_fd, path, &how, sizeof(how));
		if (fd < 0 && errno != EXDEV)
			break;
	}
	return fd;
}

int folder_open(int at_fd, const char *path, int *ret_fd, struct error *err)
{
	return folder_open_file(at_fd, path, O_RDONLY | O_DIRECTORY, 0, ret_fd, err);
}

int folder_open_file(int at_fd, const char *path, int flags, mode_t mode, int *ret_fd,
		     struct error *err)
{
	int fd = open_beneath(at_fd, path, flags, mode);
	if (fd < 0)
		return error_errno(err, errno, "open %s", path);
	*ret_fd = fd;
	return 0;
}

int folder_reopen(int path_fd, int flags, int *ret_fd, struct error *err)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_errno(err, errno, "open a file again");
	*ret_fd = fd;
	return 0;
}

bool folder_is(int at_fd, const char *name)
{
	struct stat st;
	return fstatat(at_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

enum folder_presence folder_presence(int at_fd, const char *name, int fd)
{
	struct stat named, held;
	if (fstatat(at_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? FOLDER_GONE : FOLDER_THERE;
	bool same = fstat(fd, &held) < 0 ||
		    (named.st_dev == held.st_dev && named.st_ino == held.st_ino);
	return same ? FOLDER_THERE : FOLDER_REPLACED;
}

int folder_make(int at_fd, const char *name, mode_t mode, int *ret_fd, struct error *err)
{
	if (mkdirat(at_fd, name, mode) < 0 && errno != EEXIST)
		return error_errno(err, errno, "make folder %s", name);
	return folder_open(at_fd, name, ret_fd, err);
}

static void close_folder(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int folder_visit(int fd, folder_visitor *visit, void *context, struct error *err)
{
	/* A descriptor of its own: a directory stream owns its offset. */
	int own_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close_folder) DIR *dir = own_fd < 0 ? NULL : fdopendir(own_fd);
	if (!dir)
		return error_errno(err, errno, "read folder");
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry)
			return errno ? error_errno(err, errno, "read folder") : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		int outcome = visit(context, entry->d_name, err);
		if (outcome)
			return outcome;
	}
}
