/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The filling of a new volume or snapshot with data that a call makes: a copy of a volume into a
 * snapshot, or of either into a new volume. Or the zeroes of a new thick volume (disk/zeroes.h),
 * which a retry begins again; so a large number of zeroes gets a place beforehand or is not begun.
 * The making of a file system, its check before a mount, and its growth in an image count as well
 * (disk/process.h).
 *
 * Where blocks are shared it is done at once. Elsewhere it can take longer than any caller waits,
 * and then it goes on without the caller, whose retries are answered ABORTED while it lasts (CSI
 * spec, "Operation pending") and find the result afterwards. Since a filling keeps a worker busy,
 * only a few of them are under way at a time, and of these not all in one of several pools, so that
 * the kubelet's calls are served meanwhile; others end after a moment with ERROR_BUSY, and their
 * retries go on from there (folder/copy.h). A caller that deletes the volume ends its filling
 * (volume/unwanted.h).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "folder/copy.h"
#include "pool/place.h"

struct pool;
struct pools;

/* Of the node. */
struct filling_places {
	atomic_bool stopping; /* the plugin is: long work ends at its next look */
	atomic_uint total;
	atomic_uint of_pool[POOLS_MAX]; /* by their order */
};

struct filling {
	struct copy_watch watch; /* asked by the code that writes the data */
	struct pools *pools;
	struct filling_places *places;
	struct pool *pool;    /* in which it is made; NULL: not known, or not yet */
	struct pool *counted; /* the same, when its place was taken */
	uint64_t begin_ms;    /* of the writing; 0: not yet */
	bool is_long;	      /* has a place */
};

/* The filling must stay where it is until filling_done(). */
void filling_init(struct filling *filling, struct pools *pools, struct filling_places *places);

/* The same for a filling that is made beside this volume. */
void filling_init_of(struct filling *filling, struct pools *pools, struct filling_places *places,
		     const char *volume_id);
void filling_done(struct filling *filling);

#define CLEANUP_FILLING CLEANUP(filling_done)
