/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether two files hold the same blocks of the disk at the same place, as far as the file system
 * reports it (ioctl_fiemap; Linux, Documentation/filesystems/fiemap.rst). Files that share blocks
 * are equal there, and need not be read. What the file system does not know for certain (written
 * but not placed yet, compressed, unwritten, inside other blocks) is not shared.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct shared_blocks;

/* Never fails: of files that cannot be asked, nothing is shared. Borrows the descriptors. */
struct shared_blocks *shared_blocks_new(int a_fd, int b_fd);
void shared_blocks_free(struct shared_blocks *shared);

/* For the bytes from `offset` to `end`: whether the first *ret_bytes (at least 1) of them are
 * shared, or are not. */
bool shared_blocks_at(struct shared_blocks *shared, uint64_t offset, uint64_t end,
		      uint64_t *ret_bytes);

DEFINE_CLEANUP(struct shared_blocks *, shared_blocks_free);
