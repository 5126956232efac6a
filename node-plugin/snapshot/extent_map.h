/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which parts of a block volume's image hold data, and in which two images of one volume differ:
 * what a backup has to read.
 *
 * Parts are reported from the front to the back, none touches the next, and each is cut at the
 * offset from which the caller asked. Whatever is not reported of an image reads as zeros; whatever
 * is not reported of two images is the same in both.
 *
 * Two images are compared only where at least one of them holds data, and not where the file system
 * says that both hold the same blocks of the disk (FIEMAP; images that were made by sharing). What
 * remains is read and compared by the block, so a block that was written again with what it held
 * before is no difference. The images must not change meanwhile.
 */

#include <stdint.h>

#include "base/error.h"

#define EXTENT_UNIT_BYTES 4096ULL

struct extent {
	uint64_t offset_bytes;
	uint64_t size_bytes;
};

/* Sees one part after the other. What is not 0 ends the walk and is what it returns. */
struct extent_reader {
	int (*visit)(void *context, const struct extent *extent, struct error *err);
	int (*look)(void *context,
		    struct error *err); /* before each MiB that is compared, or NULL */
	void *context;
};

int extent_map_allocated(int image_fd, uint64_t from_bytes, const struct extent_reader *reader,
			 struct error *err);

/* Of the target, whose size counts: what the base lacks is zeros. *ret_compared_bytes (may be NULL)
 * is how much had to be read. */
int extent_map_delta(int base_fd, int target_fd, uint64_t from_bytes,
		     const struct extent_reader *reader, uint64_t *ret_compared_bytes,
		     struct error *err);
