/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which pool gets a new volume: of those that can serve its class (the class may name one), the
 * first by the policy that has room. One without room is passed over.
 *
 * What GetCapacity answers beforehand follows from the same rule.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pool/room.h"
#include "record/parameters.h"

struct pool;
struct pools;

struct pool_wish {
	const struct parameters *parameters;
	struct pool_promise promise;
	const char *among;   /* only these pools, names with commas between; NULL or "": all */
	struct pool *source; /* tried first: there its content can be shared. NULL: none */
};

/* Counts the bytes as promised in *ret_pool; pool_release() gives them back.
 * ERROR_INVALID if no pool can ever serve the class: names the pools there are, or what they lack;
 * ERROR_UNAVAILABLE if the pool that the class names is missing, or it names none and only one that
 * is missing may serve it;
 * else as pool_reserve(), if there is room in none: not ERROR_RANGE while one is missing that may
 * be larger. */
int pool_choice_reserve(struct pools *pools, const struct pool_wish *wish, struct pool **ret_pool,
			struct error *err);

struct pool_capacity {
	uint64_t available_bytes; /* of all pools that serve the class */
	uint64_t largest_bytes;	  /* the largest volume that one of them can take */
};

/* Errors as for pool_choice_reserve(): this node never serves the class, or cannot now. */
int pool_choice_capacity(struct pools *pools, const struct parameters *parameters,
			 struct pool_capacity *ret_capacity, struct error *err);
