/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is wrong with the pools of this node (CSI StorageHealth):
 *
 *	missing		its disk is not there (pool/missing.h)
 *	failing		it is there and cannot be written to, or its disk does not answer
 *	full		its disk has no room for anything
 *
 * A pool is looked at by a visit, so a disk that hangs is failing and holds up nothing.
 */

#include "base/text.h"

struct pools;

#define POOL_FULL_BYTES (16ULL << 20) /* less than that is nothing to a file system */

/* One sentence for each such pool, in one text; "" where there is none. */
struct pool_health {
	struct text missing;
	struct text failing;
	struct text full;
};

/* Of all pools. *ret_health starts as { 0 } and is yours. */
void pool_health_look(struct pools *pools, struct pool_health *ret_health);
void pool_health_done(struct pool_health *health);

#define CLEANUP_POOL_HEALTH CLEANUP(pool_health_done)
