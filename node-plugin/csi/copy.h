/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A copy of data that a call makes: of a volume into a snapshot, of either into a new volume. Or
 * the zeroes of a new thick volume (disk/zeroes.h), which a retry begins again; so where these are
 * many, they get a place beforehand or are not begun.
 *
 * Where blocks are shared it is there at once. Elsewhere it can take longer than any caller waits,
 * and then it goes on without the caller, whose retries are answered ABORTED while it lasts (CSI
 * spec, "Operation pending") and find the result afterwards. Since such a copy keeps a worker busy,
 * only a few of them are under way at a time, and of these not all in one of several pools, so that
 * the kubelet's calls are served meanwhile; others end after a moment with ERROR_BUSY, and their
 * retries go on from there (folder/copy.h). Who no longer wants the volume ends its copy
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
struct csi_places {
	atomic_uint total;
	atomic_uint of_pool[POOLS_MAX]; /* by their order */
};

struct csi_copy {
	struct copy_watch watch; /* for who copies */
	struct pools *pools;
	struct csi_places *places;
	struct pool *pool;    /* in which it is made; NULL: not known, or not yet */
	struct pool *counted; /* the same, when its place was taken */
	uint64_t begin_ms;    /* of the copying; 0: not yet */
	bool is_long;	      /* has a place */
};

/* copy must stay where it is until csi_copy_done(). */
void csi_copy_init(struct csi_copy *copy, struct pools *pools, struct csi_places *places);

/* The same for a copy that is made beside this volume. */
void csi_copy_init_of(struct csi_copy *copy, struct pools *pools, struct csi_places *places,
		      const char *volume_id);
void csi_copy_done(struct csi_copy *copy);

#define CLEANUP_CSI_COPY CLEANUP(csi_copy_done)
