/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/tree_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "folder/folder.h"
#include "folder/tree_walk.h"

#define STAT_BLOCK_BYTES 512
#define FD_PATH_MAX 32
#define INODE_NAME_MAX 40

struct tree {
	int target_fd; /* the folder into which entries are copied now */
	int links_fd;
	const struct copy_watch *watch;
	uint64_t seen_bytes; /* of the files so far */
	struct tree_copy_result result;
};

static int look(struct tree *tree, struct error *err)
{
	if (!tree->watch || !tree->watch->look)
		return 0;
	return tree->watch->look(tree->watch->context, tree->seen_bytes, err);
}

/* As folder/copy.h counts: within one file. */
static int look_in_file(void *context, uint64_t done_bytes, struct error *err)
{
	struct tree *tree = context;
	return tree->watch->look(tree->watch->context, tree->seen_bytes + done_bytes, err);
}

/* In the target there can be nothing yet but by a name that the source gave twice. */
static int failed(const char *what, const char *name, struct error *err)
{
	if (errno == EEXIST)
		return error_set(err, ERROR_CONFLICT,
				 "%s was renamed while the tree was copied; try again", name);
	return error_errno(err, errno, "%s %s", what, name);
}

/* Leads to what the descriptor is open on, a link itself included, whatever it was opened for
 * (proc(5), /proc/pid/fd). */
static void fd_path(int fd, char ret_path[static FD_PATH_MAX])
{
	snprintf(ret_path, FD_PATH_MAX, "/proc/self/fd/%d", fd);
}

static int copy_attribute(const char *source, const char *target, const char *attribute,
			  struct error *err)
{
	ssize_t length = getxattr(source, attribute, NULL, 0);
	if (length < 0)
		return errno == ENODATA ? 0 : error_errno(err, errno, "read %s", attribute);
	CLEANUP_FREE char *value = must_alloc((size_t)length + 1);
	length = getxattr(source, attribute, value, (size_t)length);
	if (length < 0)
		return errno == ENODATA ? 0 : error_errno(err, errno, "read %s", attribute);
	if (setxattr(target, attribute, value, (size_t)length, 0) < 0)
		return error_errno(err, errno, "set %s", attribute);
	return 0;
}

static int copy_attributes(const char *source, const char *target, struct error *err)
{
	ssize_t length = listxattr(source, NULL, 0);
	if (length <= 0)
		return length == 0 || errno == EOPNOTSUPP
			       ? 0
			       : error_errno(err, errno, "list extended attributes");
	CLEANUP_FREE char *names = must_alloc((size_t)length + 1);
	length = listxattr(source, names, (size_t)length);
	if (length < 0)
		return error_errno(err, errno, "list extended attributes");
	for (const char *name = names; name < names + length; name += strlen(name) + 1)
		if (copy_attribute(source, target, name, err) < 0)
			return -1;
	return 0;
}

/* In this order: chown(2) clears set-uid bits and capabilities, an ACL is part of the mode, and all
 * of it leaves the modification time alone but not the other way round. */
static int copy_properties(int source_fd, int target_fd, const struct stat *st, struct error *err)
{
	char source[FD_PATH_MAX], target[FD_PATH_MAX];
	fd_path(source_fd, source);
	fd_path(target_fd, target);
	if (chown(target, st->st_uid, st->st_gid) < 0)
		return error_errno(err, errno, "chown");
	if (!S_ISLNK(st->st_mode) && chmod(target, st->st_mode & 07777) < 0)
		return error_errno(err, errno, "chmod");
	if (copy_attributes(source, target, err) < 0)
		return -1;
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	if (utimensat(AT_FDCWD, target, times, 0) < 0)
		return error_errno(err, errno, "set times");
	return 0;
}

static int copy_content(struct tree *tree, int source_fd, int target_fd, struct error *err)
{
	int outcome = copy_clone(source_fd, target_fd, err);
	if (outcome <= 0)
		return outcome;
	struct copy_watch watch = { .look = look_in_file, .context = tree };
	bool watched = tree->watch && tree->watch->look;
	return copy_pass(source_fd, target_fd, watched ? &watch : NULL, NULL, err);
}

static int copy_regular(struct tree *tree, int source_fd, const char *name, struct error *err)
{
	CLEANUP_CLOSE int target_fd = openat(
		tree->target_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st, copied;
	if (target_fd < 0)
		return failed("create", name, err);
	int outcome = copy_content(tree, source_fd, target_fd, err);
	if (outcome)
		return outcome;
	if (fstat(source_fd, &st) < 0 || fstat(target_fd, &copied) < 0)
		return error_errno(err, errno, "stat");
	tree->seen_bytes += (uint64_t)st.st_size;
	tree->result.allocated_bytes += (uint64_t)copied.st_blocks * STAT_BLOCK_BYTES;
	return copy_properties(source_fd, target_fd, &st, err);
}

static int make_link(struct tree *tree, int source_fd, const char *name, struct error *err)
{
	char content[PATH_MAX + 1];
	ssize_t length = readlinkat(source_fd, "", content, PATH_MAX);
	if (length < 0)
		return error_errno(err, errno, "read link %s", name);
	content[length] = '\0';
	if (symlinkat(content, tree->target_fd, name) < 0)
		return failed("make link", name, err);
	return 0;
}

static int copy_special(struct tree *tree, int source_fd, const char *name, const struct stat *st,
			struct error *err)
{
	if (S_ISLNK(st->st_mode)) {
		if (make_link(tree, source_fd, name, err) < 0)
			return -1;
	} else if (mknodat(tree->target_fd, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0) {
		return failed("make node", name, err);
	}
	CLEANUP_CLOSE int target_fd =
		openat(tree->target_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target_fd < 0)
		return error_errno(err, errno, "open %s", name);
	return copy_properties(source_fd, target_fd, st, err);
}

/* A pod may put anything in the place of what the walk saw: it is looked at before it is opened, as
 * opening a device node or a FIFO has effects of its own. 1: it is gone. */
static int find_source(int folder_fd, const char *name, const struct stat *seen, int *ret_fd,
		       struct stat *ret_st, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	struct error reason = { 0 };
	struct stat found;
	if (folder_open_file(folder_fd, name, O_PATH, 0, &fd, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return 1;
		*err = reason;
		return -1;
	}
	if (fstat(fd, &found) < 0)
		return error_errno(err, errno, "stat of %s", name);
	if ((found.st_mode & S_IFMT) != (seen->st_mode & S_IFMT))
		return error_set(err, ERROR_CONFLICT,
				 "%s was replaced while the tree was copied; try again", name);
	*ret_st = found;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int open_source(int folder_fd, const char *name, const struct stat *seen, int *ret_fd,
		       struct stat *ret_st, struct error *err)
{
	CLEANUP_CLOSE int path_fd = -1;
	int outcome = find_source(folder_fd, name, seen, &path_fd, ret_st, err);
	if (outcome)
		return outcome;
	if (S_ISREG(ret_st->st_mode))
		return folder_reopen(path_fd, O_RDONLY | O_NONBLOCK, ret_fd, err);
	*ret_fd = TAKE_FD(path_fd);
	return 0;
}

/* The first name of a file with several leaves one in links_fd, by which the others find it. Each
 * subvolume of btrfs counts its inodes by itself, and is a device of its own. */
static void inode_name(const struct stat *st, char ret_name[static INODE_NAME_MAX])
{
	snprintf(ret_name, INODE_NAME_MAX, "%" PRIx64 "-%" PRIu64, (uint64_t)st->st_dev,
		 (uint64_t)st->st_ino);
}

/* 1: another name of it was copied already, and now this one too. */
static int link_known(struct tree *tree, const char *name, const struct stat *st, struct error *err)
{
	char known[INODE_NAME_MAX];
	inode_name(st, known);
	if (linkat(tree->links_fd, known, tree->target_fd, name, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : failed("link", name, err);
}

static int make_known(struct tree *tree, const char *name, const struct stat *st, struct error *err)
{
	char known[INODE_NAME_MAX];
	inode_name(st, known);
	if (linkat(tree->target_fd, name, tree->links_fd, known, 0) < 0 && errno != EEXIST)
		return error_errno(err, errno, "link %s", name);
	return 0;
}

static int copy_new(struct tree *tree, int folder_fd, const char *name, const struct stat *seen,
		    struct error *err)
{
	CLEANUP_CLOSE int source_fd = -1;
	struct stat st;
	int outcome = open_source(folder_fd, name, seen, &source_fd, &st, err);
	if (outcome)
		return outcome > 0 ? 0 : -1;
	outcome = S_ISREG(st.st_mode) ? copy_regular(tree, source_fd, name, err)
				      : copy_special(tree, source_fd, name, &st, err);
	if (outcome)
		return error_prefix(err, "%s", name);
	return st.st_nlink > 1 ? make_known(tree, name, &st, err) : 0;
}

static int copy_entry(void *context, int folder_fd, const char *name, const struct stat *st,
		      struct error *err)
{
	struct tree *tree = context;
	int outcome = look(tree, err);
	if (outcome)
		return outcome;
	tree->result.entries++;
	if (st->st_nlink > 1) {
		outcome = link_known(tree, name, st, err);
		if (outcome)
			return outcome > 0 ? 0 : -1;
	}
	return copy_new(tree, folder_fd, name, st, err);
}

static int copy_enter(void *context, int folder_fd, const char *name, struct error *err)
{
	struct tree *tree = context;
	tree->result.entries++;
	if (mkdirat(tree->target_fd, name, 0700) < 0)
		return failed("make folder", name, err);
	int fd = -1;
	if (folder_open(tree->target_fd, name, &fd, err) < 0)
		return -1;
	close(tree->target_fd);
	tree->target_fd = fd;
	return 0;
}

/* Only now: a default ACL would pass to what is made in the folder, which changes its time too. */
static int copy_folder_properties(int source_fd, int target_fd, struct error *err)
{
	struct stat st;
	if (fstat(source_fd, &st) < 0)
		return error_errno(err, errno, "stat of a folder");
	if (copy_properties(source_fd, target_fd, &st, err) < 0)
		return error_prefix(err, "folder");
	return 0;
}

static int copy_leave(void *context, int folder_fd, struct error *err)
{
	struct tree *tree = context;
	if (copy_folder_properties(folder_fd, tree->target_fd, err) < 0)
		return -1;
	int fd = openat(tree->target_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "open the folder above");
	close(tree->target_fd);
	tree->target_fd = fd;
	return 0;
}

int tree_copy(int source_fd, int target_fd, int links_fd, const struct copy_watch *watch,
	      struct tree_copy_result *ret_result, struct error *err)
{
	static const struct tree_visitor visitor = {
		.entry = copy_entry,
		.enter = copy_enter,
		.leave = copy_leave,
	};
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	CLEANUP_CLOSE int own_fd = openat(target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own_fd < 0)
		return error_errno(reason, errno, "open the copy's folder");
	struct tree tree = {
		.target_fd = TAKE_FD(own_fd),
		.links_fd = links_fd,
		.watch = watch,
	};
	int outcome = tree_walk(source_fd, &visitor, &tree, reason);
	close(tree.target_fd);
	if (outcome)
		return outcome;
	if (copy_folder_properties(source_fd, target_fd, reason) < 0)
		return -1;
	*ret_result = tree.result;
	return 0;
}

/* A file with several names counts at each of them with its share: so nothing has to be remembered
 * of the files of a tree, however many there are. Units are parts of a byte, lest shares that are
 * no whole bytes get lost. */
#define SHARE_UNITS 4096

struct measure {
	uint64_t units;
	const struct copy_watch *watch;
	unsigned entries;
};

#define LOOK_EVERY 256 /* entries that are measured, not copied */

static int measure_entry(void *context, int folder_fd, const char *name, const struct stat *st,
			 struct error *err)
{
	struct measure *measure = context;
	const struct copy_watch *watch = measure->watch;
	if (watch && watch->look && ++measure->entries % LOOK_EVERY == 0 &&
	    watch->look(watch->context, 0, err) < 0)
		return -1;
	if (!st->st_nlink) /* it has just been removed */
		return 0;
	measure->units += (uint64_t)st->st_blocks * STAT_BLOCK_BYTES * SHARE_UNITS / st->st_nlink;
	return 0;
}

int tree_copy_measure(int source_fd, const struct copy_watch *watch, uint64_t *ret_allocated_bytes,
		      struct error *err)
{
	static const struct tree_visitor visitor = { .entry = measure_entry };
	struct measure measure = { .watch = watch };
	int outcome = tree_walk(source_fd, &visitor, &measure, err);
	if (outcome == 0)
		*ret_allocated_bytes = (measure.units + SHARE_UNITS / 2) / SHARE_UNITS;
	return outcome;
}
