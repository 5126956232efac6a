/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a directory volume can do besides what all backends can: where it is a subvolume of btrfs,
 * it is copied at once.
 */

#include <stdbool.h>

#include "backend/backend.h"

/* A new subvolume of btrfs counts with its tables: below this not even one file could be made. */
#define BACKEND_DIRECTORY_HELD_BYTES_MIN (1ULL << 20)

/* Makes the data of folder_fd, which has none yet, a copy of the data of source_fd at one moment,
 * durably: both are folders of volumes or snapshots in one pool. The copy is not held to a size.
 * 1: this pool cannot; the files have to be copied one by one. ERROR_IN_USE: a pod made subvolumes
 * in it, which would not be in the copy. */
int backend_directory_snapshot(int source_fd, int folder_fd, bool read_only, struct error *err);

/* Holds the data of folder_fd to the record's size, if the record says `enforce`, and puts into the
 * record how: what make() does for an empty volume. */
int backend_directory_hold(const struct backend_site *site, int folder_fd,
			   struct volume_record *record, struct error *err);
