/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How far a file system reaches, and how far it could reach on a larger disk. It is read from the
 * file system itself each time, never remembered: so a retry after a crash finds how far the call
 * before it came.
 *
 * A file system of blocks in groups does not take a last group that is too small to be of use: then
 * it ends a little before its disk does, and is nevertheless as large as it can be.
 */

#include <stdint.h>

#include "base/error.h"

struct filesystem_size {
	uint64_t bytes;
	uint64_t block_bytes;
	uint64_t group_blocks; /* 0: it has no groups */
	uint64_t tail_blocks;  /* a last group with fewer is left off */
};

/* By the superblock: of an image that is not mounted, or of the device of a mounted ext4. */
int filesystem_size_read(const char *type, int fd, struct filesystem_size *ret_size,
			 struct error *err);

/* What it would reach on a disk of that many bytes. */
uint64_t filesystem_size_within(const struct filesystem_size *size, uint64_t disk_bytes);
