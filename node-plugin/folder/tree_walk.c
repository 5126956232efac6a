/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/tree_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "folder/folder.h"

#define READ_BYTES (32 << 10)
#define NAME_BYTES_MAX 256 /* of a file system's name, with its end */

/* A folder between the top and where the walk is. */
struct level {
	dev_t device;
	ino_t inode;
	off64_t position;   /* in the folder; all before it is seen, or among the names */
	size_t names_begin; /* of its folders that are to be entered; the next level's are behind */
	bool whole;	    /* it was read to its end */
};

struct walk {
	const struct tree_visitor *visitor;
	void *context;
	int fd; /* where it is */
	struct level *levels;
	size_t depth;
	size_t capacity;
	size_t depth_max;
	char *names; /* of all levels, one behind the other */
	size_t names_end;
	size_t names_max;
	char *entries; /* as the kernel gave them */
};

static void walk_done(struct walk *walk)
{
	free(walk->levels);
	free(walk->names);
	free(walk->entries);
	cleanup_close(&walk->fd);
}

static struct level *top(const struct walk *walk)
{
	return &walk->levels[walk->depth - 1];
}

static void remember(struct walk *walk, const char *name)
{
	size_t length = strlen(name) + 1;
	memcpy(walk->names + walk->names_end, name, length);
	walk->names_end += length;
}

/* The last one is taken first: then its place is free again while the walk is below. */
static void take_name(struct walk *walk, char ret_name[static NAME_BYTES_MAX])
{
	size_t begin = walk->names_end - 1;
	while (begin > top(walk)->names_begin && walk->names[begin - 1])
		begin--;
	strcpy(ret_name, walk->names + begin);
	walk->names_end = begin;
}

/* A level may fill half of what the levels above left, and has room for one name always. */
static bool is_full(const struct walk *walk)
{
	size_t mine = walk->names_end - top(walk)->names_begin;
	return mine && walk->names_max < walk->names_end + mine + NAME_BYTES_MAX;
}

static int look_at(struct walk *walk, const char *name, struct error *err)
{
	struct stat st;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(walk->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "stat of %s", name);
	if (!S_ISDIR(st.st_mode))
		return walk->visitor->entry(walk->context, walk->fd, name, &st, err);
	remember(walk, name);
	return 0;
}

/* Of what one read of the folder gave, until the names fill their room. */
static int look_at_entries(struct walk *walk, size_t length, struct error *err)
{
	struct level *level = top(walk);
	for (size_t at = 0; at < length && !is_full(walk);) {
		const struct dirent64 *entry = (const void *)(walk->entries + at);
		int outcome = look_at(walk, entry->d_name, err);
		if (outcome)
			return outcome;
		level->position = entry->d_off;
		at += entry->d_reclen;
	}
	return 0;
}

/* Goes on where it stopped: the kernel's positions in a folder last while the folder does, also for
 * another descriptor of it (as they do for clients of NFS). */
static int read_on(struct walk *walk, struct error *err)
{
	struct level *level = top(walk);
	if (lseek64(walk->fd, level->position, SEEK_SET) < 0)
		return error_errno(err, errno, "read a folder");
	while (!level->whole && !is_full(walk)) {
		ssize_t length = getdents64(walk->fd, walk->entries, READ_BYTES);
		if (length < 0)
			return error_errno(err, errno, "read a folder");
		level->whole = length == 0;
		int outcome = look_at_entries(walk, (size_t)length, err);
		if (outcome)
			return outcome;
	}
	return 0;
}

/* The walk is in fd, which it takes over, one level deeper than before. */
static int go_into(struct walk *walk, int fd, struct error *err)
{
	cleanup_close(&walk->fd);
	walk->fd = fd;
	struct stat st;
	if (walk->depth > walk->depth_max)
		return error_set(err, ERROR_IN_USE,
				 "folders lie in one another more than %zu deep; flatten them",
				 walk->depth_max);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "stat of a folder");
	if (walk->depth == walk->capacity) {
		walk->capacity = walk->capacity ? walk->capacity * 2 : 16;
		walk->levels = must_realloc(walk->levels, walk->capacity * sizeof(*walk->levels));
	}
	walk->levels[walk->depth++] = (struct level) {
		.device = st.st_dev,
		.inode = st.st_ino,
		.names_begin = walk->names_end,
	};
	return 0;
}

static int enter(struct walk *walk, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	struct error reason = { 0 };
	char name[NAME_BYTES_MAX];
	take_name(walk, name);
	if (folder_open(walk->fd, name, &fd, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return 0;
		*err = reason;
		return -1;
	}
	int outcome = 0;
	if (walk->visitor->enter)
		outcome = walk->visitor->enter(walk->context, fd, name, err);
	return outcome ? outcome : go_into(walk, TAKE_FD(fd), err);
}

static int go_back(struct walk *walk, struct error *err)
{
	struct stat st;
	CLEANUP_CLOSE int fd = openat(walk->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, errno, "open the folder above");
	walk->depth--;
	if (st.st_dev != top(walk)->device || st.st_ino != top(walk)->inode)
		return error_set(err, ERROR_CONFLICT,
				 "a folder was moved while the tree was walked through; try again");
	close(walk->fd);
	walk->fd = TAKE_FD(fd);
	return 0;
}

static int leave(struct walk *walk, struct error *err)
{
	int outcome = 0;
	if (walk->visitor->leave)
		outcome = walk->visitor->leave(walk->context, walk->fd, err);
	return outcome ? outcome : go_back(walk, err);
}

static int go_on(struct walk *walk, struct error *err)
{
	int outcome = 0;
	while (!outcome) {
		if (walk->names_end > top(walk)->names_begin)
			outcome = enter(walk, err);
		else if (!top(walk)->whole)
			outcome = read_on(walk, err);
		else if (walk->depth > 1)
			outcome = leave(walk, err);
		else
			break;
	}
	return outcome;
}

int tree_walk(int folder_fd, const struct tree_visitor *visitor, void *context, struct error *err)
{
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	CLEANUP(walk_done)
	struct walk walk = {
		.visitor = visitor,
		.context = context,
		.fd = -1,
		.depth_max = visitor->depth_max ? visitor->depth_max : TREE_WALK_DEPTH_MAX,
		.names_max = visitor->names_bytes_max ? visitor->names_bytes_max
						      : TREE_WALK_NAMES_BYTES_MAX,
		.entries = must_alloc(READ_BYTES),
	};
	walk.names = must_alloc(walk.names_max + NAME_BYTES_MAX);
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(reason, errno, "open a folder");
	int outcome = go_into(&walk, fd, reason);
	return outcome ? outcome : go_on(&walk, reason);
}
