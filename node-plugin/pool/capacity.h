/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How large a volume becomes, and whether the pool has room for it.
 *
 * An image is sparse: it takes blocks as it is written to. What was promised must nevertheless be
 * there on the day it is written, so each volume counts with its whole size from its creation
 * until it is removed. Part of the disk, the reserve, is never promised.
 *
 *	room = available + allocated - promised - reserve
 *
 * where `allocated` are the blocks that our images hold already: they are missing from `available`
 * and are counted again in `promised`.
 *
 * A volume of 1 GiB is a block device of 1 GiB, as on a cloud disk; its file system keeps its own
 * tables in it. That is the size which is reported.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define CAPACITY_UNIT_BYTES 4096ULL	    /* the loop device's block */
#define CAPACITY_DEFAULT_BYTES (1ULL << 30) /* when the caller names no size */
#define CAPACITY_BYTES_MAX (1ULL << 60)	    /* 1 EiB: ext4 with 64 bits of block number */

struct capacity_range {
	uint64_t required_bytes; /* 0: the caller does not care */
	uint64_t limit_bytes;	 /* 0: none */
};

/* The size of a new volume in this range. required_bytes is the least that is wanted: a smaller one
 * than minimum_bytes, the least that its kind can be, is raised to that. The size is a multiple of
 * CAPACITY_UNIT_BYTES, unless a limit leaves none. ERROR_RANGE where no size serves, ERROR_INVALID
 * where the range contradicts itself. */
int capacity_choose(const struct capacity_range *range, uint64_t minimum_bytes, uint64_t *ret_bytes,
		    struct error *err);

/* The size to which a volume of `bytes` grows by this range. 1: it is what the range asks for
 * already. ERROR_RANGE where no size serves, which is also where it would have to shrink;
 * ERROR_INVALID where the range says nothing. */
int capacity_choose_growth(const struct capacity_range *range, uint64_t bytes, uint64_t *ret_bytes,
			   struct error *err);

/* A volume of this size is what the range asks for. */
bool capacity_fits_range(const struct capacity_range *range, uint64_t size_bytes);

struct capacity_space {
	uint64_t total_bytes;	  /* of the pool's file system */
	uint64_t available_bytes; /* to us, now */
	uint64_t allocated_bytes; /* by our images */
	uint64_t promised_bytes;  /* sum of the sizes of our volumes */
	uint64_t reserve_bytes;
};

/* What may be promised now. */
uint64_t capacity_room(const struct capacity_space *space);

/* What could be promised if the disk were empty. */
uint64_t capacity_ever(const struct capacity_space *space);
