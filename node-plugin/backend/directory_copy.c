/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/directory_copy.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "folder/folder.h"
#include "folder/subvolume.h"
#include "folder/tree_copy.h"
#include "folder/tree_remove.h"
#include "record/layout.h"

#define DATA_MODE 0755
#define LINKS_MODE 0700

/* What an earlier attempt left of a tree is not compared: the copy begins again. */
static int copy_tree(const struct backend_copy *copy, struct error *err)
{
	CLEANUP_CLOSE int source_data_fd = -1;
	CLEANUP_CLOSE int data_fd = -1;
	CLEANUP_CLOSE int links_fd = -1;
	struct tree_copy_result result;
	if (folder_open(copy->source_fd, LAYOUT_DATA, &source_data_fd, err) < 0 ||
	    folder_make(copy->target_fd, LAYOUT_DATA, DATA_MODE, &data_fd, err) < 0 ||
	    tree_remove(copy->target_fd, LAYOUT_LINKS, err) < 0 ||
	    folder_make(copy->target_fd, LAYOUT_LINKS, LINKS_MODE, &links_fd, err) < 0 ||
	    tree_copy(source_data_fd, data_fd, links_fd, copy->watch, &result, err) != 0 ||
	    tree_remove(copy->target_fd, LAYOUT_LINKS, err) < 0)
		return -1;
	if (syncfs(data_fd) < 0)
		return error_errno(err, errno, "syncfs");
	return 0;
}

static int check_whole(int data_fd, struct error *err)
{
	CLEANUP_FREE char *path = NULL;
	int found = subvolume_find_nested(data_fd, &path, err);
	if (found <= 0)
		return found;
	return error_set(
		err, ERROR_IN_USE,
		"%s is a subvolume of btrfs in the volume, and would be an empty folder in "
		"the copy; make it a plain folder, or remove it",
		path);
}

int backend_directory_copy_at_once(int source_fd, int folder_fd, bool read_only, struct error *err)
{
	CLEANUP_CLOSE int data_fd = -1;
	if (folder_open(source_fd, LAYOUT_DATA, &data_fd, err) < 0)
		return -1;
	if (!subvolume_is(data_fd))
		return 1;
	if (check_whole(data_fd, err) < 0)
		return -1;
	return subvolume_snapshot(data_fd, folder_fd, LAYOUT_DATA, read_only, err);
}

bool backend_directory_copy_is_possible(int folder_fd)
{
	CLEANUP_CLOSE int data_fd = -1;
	return folder_open(folder_fd, LAYOUT_DATA, &data_fd, NULL) == 0 && subvolume_is(data_fd);
}

int backend_directory_copy_begin(struct backend_copy *copy, struct error *err)
{
	if (folder_open(copy->source_fd, LAYOUT_DATA, &copy->data_fd, err) < 0)
		return -1;
	copy->taken_us = (uint64_t)clock_wall_us();
	copy->cloneable = !copy->other_pool && subvolume_is(copy->data_fd);
	return copy->cloneable ? 0 : copy_tree(copy, err);
}

int backend_directory_copy_take(struct backend_copy *copy, const struct copy_watch *held,
				struct error *err)
{
	if (!copy->cloneable)
		return 0;
	copy->taken_us = (uint64_t)clock_wall_us();
	if (backend_directory_copy_at_once(copy->source_fd, copy->target_fd, copy->read_only,
					   err) == 0)
		return 0;
	return error_prefix(err, "snapshot of the subvolume");
}

int backend_directory_copy_finish(struct backend_copy *copy, struct error *err)
{
	if (syncfs(copy->target_fd) < 0)
		return error_errno(err, errno, "syncfs");
	return 0;
}

int backend_directory_copy_still(const struct backend_copy *copy, struct error *err)
{
	int outcome = copy->other_pool ? 1
				       : backend_directory_copy_at_once(
						 copy->source_fd, copy->target_fd, false, err);
	if (outcome > 0)
		return copy_tree(copy, err);
	if (outcome == 0 && syncfs(copy->target_fd) < 0)
		return error_errno(err, errno, "syncfs");
	return outcome;
}
