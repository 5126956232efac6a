/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Copies of a directory volume: at once where it is a subvolume of btrfs, elsewhere file by file
 * while pods write (folder/tree_copy.h). The functions are those of struct backend.
 */

#include <stdbool.h>

#include "backend/copy.h"
#include "base/error.h"

int backend_directory_copy_begin(struct backend_copy *copy, struct error *err);
int backend_directory_copy_take(struct backend_copy *copy, const struct copy_watch *held,
				struct error *err);
int backend_directory_copy_finish(struct backend_copy *copy, struct error *err);
int backend_directory_copy_still(const struct backend_copy *copy, struct error *err);

/* Makes the data of folder_fd, which has none yet, a copy of the data of source_fd at one moment,
 * durably: both are folders of volumes or snapshots in one pool. The copy is not held to a size.
 * 1: this pool cannot; the files have to be copied one by one. ERROR_IN_USE: a pod made subvolumes
 * in it, which would not be in the copy. */
int backend_directory_copy_at_once(int source_fd, int folder_fd, bool read_only, struct error *err);

/* The data in this folder can be copied at once into another folder of the pool. */
bool backend_directory_copy_is_possible(int folder_fd);
