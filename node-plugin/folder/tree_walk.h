/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A walk through a folder and all folders in it, each visited before the next one beside it. Pods
 * nest folders deeper than a stack or a table of descriptors holds, so the walk keeps one
 * descriptor and a list on the heap, and goes back by "..": a folder that was moved meanwhile is
 * noticed (ERROR_CONFLICT), since that is no longer the one it came from. It follows no link and
 * enters no mount (an error). What disappears meanwhile is passed over.
 */

#include <sys/stat.h>

#include "base/error.h"

/* What is not 0 ends the walk and is returned. folder_fd is borrowed. */
struct tree_visitor {
	/* Something other than a folder, in folder_fd. */
	int (*entry)(void *context, int folder_fd, const char *name, const struct stat *st,
		     struct error *err);

	/* folder_fd is entered, whose name this is in the folder of before. May be NULL. */
	int (*enter)(void *context, int folder_fd, const char *name, struct error *err);

	/* folder_fd has been seen whole and is left for the one above. May be NULL. */
	int (*leave)(void *context, int folder_fd, struct error *err);
};

/* The folder itself is neither entered nor left. */
int tree_walk(int folder_fd, const struct tree_visitor *visitor, void *context, struct error *err);
