/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Removal of a folder with all that is in it, however deep a pod nested it. A subvolume of btrfs is
 * removed as a whole.
 */

#include "base/error.h"

/* Removes at_fd/name. A folder that does not exist counts as removed. A mount in it ends the
 * removal with an error, or is detached if it lies in a subvolume of btrfs; what lies in the mount
 * is not touched. */
int tree_remove(int at_fd, const char *name, struct error *err);

struct copy_watch;

/* The same where that may be much: watch is asked before each entry, with how many there were, and
 * ends the removal with its own error. What is removed by then stays removed, and the next removal
 * goes on from there. */
int tree_remove_watched(int at_fd, const char *name, const struct copy_watch *watch,
			struct error *err);
