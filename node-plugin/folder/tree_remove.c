/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/tree_remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "folder/copy.h"
#include "folder/folder.h"
#include "folder/inode_flags.h"
#include "folder/subvolume.h"

#define NAMES_MAX 3 /* that the error lists */
#define MOVE_TRIES 1000

/* Folders are emptied without recursion: a pod can nest them deeper than any stack. A folder found
 * inside another moves up into the uppermost one, and is emptied there. A subvolume of btrfs goes
 * at once with all that is in it; nothing could be moved up out of it (EXDEV).
 *
 * An entry that resists does not end a pass through the uppermost folder: passes go on as long as
 * one removes or moves something, and the error lists what the last one could not remove. */
struct removal {
	int top_fd;
	int folder_fd; /* being emptied: the uppermost or one directly in it */
	unsigned long moved;
	bool progress;
	size_t stays_count;
	struct error first; /* why the first of them stays */
	struct text names;
	const struct copy_watch *watch; /* NULL: nothing ends it */
	uint64_t seen;
	bool ended; /* by the watch */
};

static void removal_done(struct removal *removal)
{
	text_done(&removal->names);
}

static int look(struct removal *removal, struct error *err)
{
	const struct copy_watch *watch = removal->watch;
	removal->ended = watch && watch->look(watch->context, removal->seen++, err) < 0;
	return removal->ended ? -1 : 0;
}

static int stays(struct removal *removal, const char *name, const struct error *reason)
{
	if (removal->stays_count++ == 0)
		removal->first = *reason;
	if (removal->stays_count <= NAMES_MAX)
		text_printf(&removal->names, "%s%s", removal->stays_count > 1 ? ", " : "", name);
	return 0;
}

static int stays_errno(struct removal *removal, const char *name)
{
	struct error reason = { 0 };
	error_errno(&reason, errno, "%s", name);
	return stays(removal, name, &reason);
}

static int unlink_entry(int folder_fd, const char *name)
{
	if (unlinkat(folder_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -1;
	return unlinkat(folder_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

/* Flags of the entry or of its folder may be what refuses. True: one was cleared, so try again. */
static bool stops_resisting(int folder_fd, const char *name)
{
	if (errno != EPERM)
		return false;
	bool changed = inode_flags_clear(folder_fd);
	changed |= inode_flags_clear_at(folder_fd, name);
	errno = EPERM;
	return changed;
}

/* 1: a folder that is not empty. -1: it resists (errno). */
static int remove_entry(struct removal *removal, int folder_fd, const char *name)
{
	int outcome = unlink_entry(folder_fd, name);
	if (outcome < 0 && stops_resisting(folder_fd, name))
		outcome = unlink_entry(folder_fd, name);
	if (outcome == 0) {
		removal->progress = true;
		return 0;
	}
	return errno == ENOTEMPTY || errno == EEXIST ? 1 : -1;
}

/* 1: it is no subvolume. */
static int remove_subvolume(struct removal *removal, int folder_fd, const char *name)
{
	struct error reason = { 0 };
	int outcome = subvolume_delete(folder_fd, name, &reason);
	if (outcome == 0)
		removal->progress = true;
	return outcome < 0 ? stays(removal, name, &reason) : outcome;
}

static int move(const struct removal *removal, const char *name, const char *unique)
{
	if (renameat2(removal->folder_fd, name, removal->top_fd, unique, RENAME_NOREPLACE) == 0)
		return 0;
	if (!stops_resisting(removal->folder_fd, name))
		return -1;
	return renameat2(removal->folder_fd, name, removal->top_fd, unique, RENAME_NOREPLACE);
}

static int move_up(struct removal *removal, const char *name)
{
	for (int tries = 0; tries < MOVE_TRIES; tries++) {
		char unique[32];
		snprintf(unique, sizeof(unique), ".moved-%lu", removal->moved++);
		if (move(removal, name, unique) == 0 || errno == ENOENT) {
			removal->progress = true;
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return stays_errno(removal, name);
}

static int remove_in_folder(void *context, const char *name, struct error *err)
{
	struct removal *removal = context;
	if (look(removal, err) < 0)
		return -1;
	int outcome = remove_entry(removal, removal->folder_fd, name);
	if (outcome < 0)
		return stays_errno(removal, name);
	if (outcome > 0)
		outcome = remove_subvolume(removal, removal->folder_fd, name);
	return outcome > 0 ? move_up(removal, name) : 0;
}

static int empty_folder(struct removal *removal, const char *name, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	struct error reason = { 0 };
	size_t before = removal->stays_count;
	if (folder_open(removal->top_fd, name, &fd, &reason) < 0)
		return reason.code == ERROR_NOT_FOUND ? 0 : stays(removal, name, &reason);
	removal->folder_fd = fd;
	if (folder_visit(fd, remove_in_folder, removal, &reason) < 0 && !removal->ended)
		return stays(removal, name, &reason);
	if (removal->ended) {
		*err = reason;
		return -1;
	}
	/* One that is not empty, although nothing in it resists, got an entry meanwhile. */
	if (remove_entry(removal, removal->top_fd, name) != 0 && removal->stays_count == before)
		return stays_errno(removal, name);
	return 0;
}

static int remove_in_top(void *context, const char *name, struct error *err)
{
	struct removal *removal = context;
	if (look(removal, err) < 0)
		return -1;
	int outcome = remove_entry(removal, removal->top_fd, name);
	if (outcome < 0)
		return stays_errno(removal, name);
	if (outcome > 0)
		outcome = remove_subvolume(removal, removal->top_fd, name);
	return outcome > 0 ? empty_folder(removal, name, err) : 0;
}

static void begin_pass(struct removal *removal)
{
	removal->progress = false;
	removal->stays_count = 0;
	removal->names.length = 0;
}

static int report(const struct removal *removal, const char *name, struct error *err)
{
	return error_set(err, removal->first.code, "remove %s: %zu %s (%s%s); the first: %s", name,
			 removal->stays_count,
			 removal->stays_count == 1 ? "entry stays" : "entries stay",
			 removal->names.data, removal->stays_count > NAMES_MAX ? ", …" : "",
			 removal->first.text);
}

static int empty_top(struct removal *removal, int at_fd, const char *name, struct error *err)
{
	do {
		begin_pass(removal);
		if (folder_visit(removal->top_fd, remove_in_top, removal, err) < 0)
			return error_prefix(err, "remove %s", name);
		if (unlink_entry(at_fd, name) == 0 ||
		    (stops_resisting(at_fd, name) && unlink_entry(at_fd, name) == 0))
			return 0;
	} while (removal->progress);
	if (removal->stays_count)
		return report(removal, name, err);
	return error_errno(err, errno, "remove folder %s", name);
}

int tree_remove(int at_fd, const char *name, struct error *err)
{
	return tree_remove_watched(at_fd, name, NULL, err);
}

int tree_remove_watched(int at_fd, const char *name, const struct copy_watch *watch,
			struct error *err)
{
	struct error local = { 0 };
	struct error *reason = err ? err : &local;
	CLEANUP_CLOSE int top_fd = -1;
	int outcome = subvolume_delete(at_fd, name, reason);
	if (outcome <= 0)
		return outcome;
	if (folder_open(at_fd, name, &top_fd, reason) < 0)
		return reason->code == ERROR_NOT_FOUND ? 0 : -1;
	CLEANUP(removal_done)
	struct removal removal = { .top_fd = top_fd, .names = TEXT_INIT, .watch = watch };
	return empty_top(&removal, at_fd, name, reason);
}
