/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The blocks that an image has set aside in its pool.
 *
 * Only where it has none are they asked for. For a range that has all of its blocks xfs wants as
 * much free room as if it had none (xfs_alloc_file_space()), and a disk may be full because the
 * image has them.
 */

#include <stdbool.h>
#include <stdint.h>

/* Sets them aside up to this size, at which the file need not be yet. 0, or an errno value. */
int image_blocks_hold(int fd, uint64_t bytes);

/* Whether a write goes to the block that was set aside for it, on the file system in which fd lies:
 * so on ext4 and xfs; btrfs takes another one. */
bool image_blocks_stay(int fd);
