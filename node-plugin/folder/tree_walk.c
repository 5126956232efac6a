/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/tree_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "folder/folder.h"

/* A folder between the top and where the walk is. */
struct level {
	dev_t device;
	ino_t inode;
	char **folders; /* in it */
	size_t count;
	size_t capacity;
	size_t next; /* to be entered */
};

struct walk {
	const struct tree_visitor *visitor;
	void *context;
	int fd; /* where it is */
	struct level *levels;
	size_t depth;
	size_t capacity;
};

static void level_done(struct level *level)
{
	for (size_t i = 0; i < level->count; i++)
		free(level->folders[i]);
	free(level->folders);
}

static void walk_done(struct walk *walk)
{
	while (walk->depth)
		level_done(&walk->levels[--walk->depth]);
	free(walk->levels);
	cleanup_close(&walk->fd);
}

static struct level *top(struct walk *walk)
{
	return &walk->levels[walk->depth - 1];
}

static void remember(struct level *level, const char *name)
{
	if (level->count == level->capacity) {
		level->capacity = level->capacity ? level->capacity * 2 : 8;
		level->folders =
			must_realloc(level->folders, level->capacity * sizeof(*level->folders));
	}
	level->folders[level->count++] = must_strdup(name);
}

static int look_at(void *context, const char *name, struct error *err)
{
	struct walk *walk = context;
	struct stat st;
	if (fstatat(walk->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "stat of %s", name);
	if (!S_ISDIR(st.st_mode))
		return walk->visitor->entry(walk->context, walk->fd, name, &st, err);
	remember(top(walk), name);
	return 0;
}

/* The walk is in fd, which it takes over, one level deeper than before. */
static int go_into(struct walk *walk, int fd, struct error *err)
{
	cleanup_close(&walk->fd);
	walk->fd = fd;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "stat of a folder");
	if (walk->depth == walk->capacity) {
		walk->capacity = walk->capacity ? walk->capacity * 2 : 16;
		walk->levels = must_realloc(walk->levels, walk->capacity * sizeof(*walk->levels));
	}
	walk->levels[walk->depth++] = (struct level) { .device = st.st_dev, .inode = st.st_ino };
	return folder_visit(fd, look_at, walk, err);
}

static int enter(struct walk *walk, const char *name, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	struct error reason = { 0 };
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
	level_done(top(walk));
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

int tree_walk(int folder_fd, const struct tree_visitor *visitor, void *context, struct error *err)
{
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	CLEANUP(walk_done) struct walk walk = { .visitor = visitor, .context = context, .fd = -1 };
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(reason, errno, "open a folder");
	int outcome = go_into(&walk, fd, reason);
	while (!outcome) {
		struct level *level = top(&walk);
		if (level->next < level->count)
			outcome = enter(&walk, level->folders[level->next++], reason);
		else if (walk.depth > 1)
			outcome = leave(&walk, reason);
		else
			break;
	}
	return outcome;
}
