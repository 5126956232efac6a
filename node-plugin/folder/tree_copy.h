/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A copy of a folder with all that is in it: files (as clones that share blocks where the file
 * system can, else sparse), hard links, symbolic links, fifos, sockets and devices, with owners,
 * modes, times and extended attributes, ACLs and capabilities among them.
 *
 * However deep pods nest their folders, the copy needs neither stack nor descriptors for it. It
 * follows no link and leaves the tree nowhere; a mount inside it is an error (folder/folder.h).
 *
 * It is not of one moment: each file may be (a clone), or not even that (a file that is written to
 * meanwhile), and entries that come or go during the copy may be in it or not. A folder that is
 * moved inside the tree meanwhile ends the copy with ERROR_CONFLICT. What was there before the copy
 * began and was not touched until it ended is in it.
 */

#include <stdint.h>

#include "base/error.h"
#include "folder/copy.h"

struct tree_copy_result {
	uint64_t allocated_bytes; /* of the disk, by the files of the copy, each counted once */
	uint64_t entries;
};

/* Into target_fd, an empty folder, which gets the attributes of the source folder too. links_fd is
 * another empty folder of the same file system, used on the way for files with several names and
 * left with leftovers. Nothing is fsynced. watch is asked before each entry and, in files, as in
 * folder/copy.h, with all bytes of files so far. */
int tree_copy(int source_fd, int target_fd, int links_fd, const struct copy_watch *watch,
	      struct tree_copy_result *ret_result, struct error *err);

/* What the files of a tree hold of the disk, each counted once, however many names it has. watch is
 * asked now and then, with 0 bytes; it may be NULL. */
int tree_copy_measure(int source_fd, const struct copy_watch *watch, uint64_t *ret_allocated_bytes,
		      struct error *err);
