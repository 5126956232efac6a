/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loaded into the plugin before libc: does in the wrong order, or not at all, what crash safety
 * rests on. KENTLEDGE_BROKEN names what. For the tests of the tests.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_broken(const char *what)
{
	const char *broken = getenv("KENTLEDGE_BROKEN");
	return broken && strcmp(broken, what) == 0;
}

static int rename_really(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

/* A folder appears piece by piece. */
static int rename_torn(int from_fd, const char *from, int to_fd, const char *to)
{
	if (mkdirat(to_fd, to, 0700) < 0)
		return -1;
	int old_fd = openat(from_fd, from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int new_fd = openat(to_fd, to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = old_fd < 0 ? NULL : fdopendir(old_fd);
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rename_really(old_fd, entry->d_name, new_fd, entry->d_name, 0);
	if (dir)
		closedir(dir);
	close(new_fd);
	return unlinkat(from_fd, from, AT_REMOVEDIR);
}

static int is_folder(int fd, const char *name)
{
	struct stat info;
	return fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (is_broken("torn create") && flags && is_folder(from_fd, from))
		return rename_torn(from_fd, from, to_fd, to);
	return rename_really(from_fd, from, to_fd, to, flags);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	char record[256];
	snprintf(record, sizeof(record), "%s/record", from);
	if (is_broken("record first") && is_folder(from_fd, from))
		unlinkat(from_fd, record, 0);
	return rename_really(from_fd, from, to_fd, to, 0);
}

static int sync_really(int fd)
{
	return (int)syscall(SYS_fsync, fd);
}

int fsync(int fd)
{
	struct stat info;
	if (is_broken("no sync"))
		return 0;
	if (is_broken("no folder sync") && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
		return 0;
	return sync_really(fd);
}
