/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A folder of the pool, bind-mounted: as fast as the disk. Its size is a quota of the pool's file
 * system where there is one; else its growth has no limit, which the class has to accept. On btrfs
 * the folder is a subvolume, held to a size or not, so that it can be copied at once.
 */

#include "backend/backend.h"

/* A new subvolume of btrfs counts with its tables: below this not even one file could be made. */
#define BACKEND_DIRECTORY_HELD_BYTES_MIN (1ULL << 20)

extern const struct backend backend_directory;
