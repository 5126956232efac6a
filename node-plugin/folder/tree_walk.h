/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A walk through a folder and all folders in it, each visited before the next one beside it. Pods
 * nest folders deeper than a stack or a table of descriptors holds, and put millions into one: the
 * walk keeps one descriptor, a bounded list of names that it has yet to enter, and for each level
 * where in its folder it stopped reading. It goes back by "..": a folder that was moved meanwhile
 * is noticed (ERROR_CONFLICT), since that is no longer the one it came from. It follows no link and
 * enters no mount (an error). What disappears meanwhile is passed over.
 *
 * A tree that is nested deeper than the bound ends the walk with ERROR_IN_USE (a precondition).
 */

#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"

#define TREE_WALK_DEPTH_MAX 65536
#define TREE_WALK_NAMES_BYTES_MAX (256UL << 10)

/* What is not 0 ends the walk and is returned. folder_fd is borrowed. */
struct tree_visitor {
	/* Something other than a folder, in folder_fd. */
	int (*entry)(void *context, int folder_fd, const char *name, const struct stat *st,
		     struct error *err);

	/* folder_fd is entered, whose name this is in the folder of before. May be NULL. */
	int (*enter)(void *context, int folder_fd, const char *name, struct error *err);

	/* folder_fd has been seen whole and is left for the one above. May be NULL. */
	int (*leave)(void *context, int folder_fd, struct error *err);

	/* 0: the bounds above. A test lowers them. */
	size_t depth_max;
	size_t names_bytes_max;
};

/* The folder itself is neither entered nor left. */
int tree_walk(int folder_fd, const struct tree_visitor *visitor, void *context, struct error *err);
