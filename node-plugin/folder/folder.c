/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder/subvolume.h"

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
	 * trash): the next look tells which. */
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

/* Folders are emptied without recursion: a pod can nest them deeper than any stack. A folder that
 * is met inside another is moved up into the uppermost one, where its turn comes. A subvolume of
 * btrfs goes at once with all that is in it; out of it nothing could be moved up (EXDEV). */
struct removal {
	int top_fd;
	int folder_fd; /* being emptied: the uppermost or one directly in it */
	unsigned long moved;
	bool progress;
};

static int move_up(struct removal *removal, const char *name, struct error *err)
{
	for (int tries = 0; tries < 1000; tries++) {
		char unique[32];
		snprintf(unique, sizeof(unique), ".moved-%lu", removal->moved++);
		if (renameat2(removal->folder_fd, name, removal->top_fd, unique,
			      RENAME_NOREPLACE) == 0 ||
		    errno == ENOENT)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return error_errno(err, errno, "remove folder %s", name);
}

static int remove_in_folder(void *context, const char *name, struct error *err)
{
	struct removal *removal = context;
	removal->progress = true;
	if (unlinkat(removal->folder_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return error_errno(err, errno, "remove file %s", name);
	if (unlinkat(removal->folder_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return error_errno(err, errno, "remove folder %s", name);
	int outcome = subvolume_delete(removal->folder_fd, name, err);
	return outcome <= 0 ? outcome : move_up(removal, name, err);
}

static int remove_in_top(void *context, const char *name, struct error *err)
{
	struct removal *removal = context;
	removal->progress = true;
	if (unlinkat(removal->top_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return error_errno(err, errno, "remove file %s", name);
	if (unlinkat(removal->top_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	int outcome = subvolume_delete(removal->top_fd, name, err);
	if (outcome <= 0)
		return outcome;
	CLEANUP_CLOSE int fd = -1;
	if (folder_open(removal->top_fd, name, &fd, err) < 0)
		return err && err->code == ERROR_NOT_FOUND ? 0 : -1;
	removal->folder_fd = fd;
	if (folder_visit(fd, remove_in_folder, removal, err) < 0)
		return -1;
	if (unlinkat(removal->top_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT &&
	    errno != ENOTEMPTY)
		return error_errno(err, errno, "remove folder %s", name);
	return 0;
}

int folder_remove_tree(int at_fd, const char *name, struct error *err)
{
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	CLEANUP_CLOSE int top_fd = -1;
	int outcome = subvolume_delete(at_fd, name, reason);
	if (outcome <= 0)
		return outcome;
	if (folder_open(at_fd, name, &top_fd, reason) < 0)
		return reason->code == ERROR_NOT_FOUND ? 0 : -1;
	struct removal removal = { .top_fd = top_fd };
	do {
		removal.progress = false;
		if (folder_visit(top_fd, remove_in_top, &removal, reason) < 0)
			return error_prefix(reason, "remove %s", name);
		if (unlinkat(at_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
	} while (removal.progress);
	return error_errno(reason, errno, "remove folder %s", name);
}
