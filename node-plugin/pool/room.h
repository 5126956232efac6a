/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The room in a pool: what is promised to its volumes and snapshots, beside what its disk has. A
 * promise is made before anything is written. The promises are read from the records when the pool
 * is opened, and kept in struct pool from then on.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pool/capacity.h"
#include "pool/pool.h"
#include "pool/pools.h"

/* Reads the promises of all records, once, when the pool is opened. What cannot be read is logged
 * and counts with what its data can grow to. */
int pool_room_count(struct pool *pool, struct error *err);

struct pool_promise {
	uint64_t bytes;
	bool elsewhere; /* the caller can ask another node if this one has no room */
	bool ephemeral; /* to an inline volume: within share_percent of what the pool holds */
	unsigned share_percent;
};

/* Counts the bytes as promised. ERROR_EXHAUSTED if there is no room now, or the inline volumes of
 * the pool have their share. If there would be no room on an empty disk either: ERROR_EXHAUSTED
 * where another node may serve, else ERROR_RANGE. */
int pool_reserve(struct pool *pool, const struct pool_promise *promise, struct error *err);

/* Takes back the promise to a volume of so many bytes. */
void pool_release(struct pool *pool, uint64_t bytes, bool ephemeral);

/* The same for what is no volume, a snapshot: it is not counted as one. */
int pool_hold(struct pool *pool, uint64_t bytes, struct error *err);

/* What was held with so many bytes counts with so many now (0: it is gone), room or not. */
void pool_change_hold(struct pool *pool, uint64_t from_bytes, uint64_t to_bytes);

/* Roughly what may be promised now, at the price of one system call: what the images hold is taken
 * from the last time it was counted. */
uint64_t pool_room_estimate(struct pool *pool);

/* As pool_reserve(), for a volume that is counted already and grows by so many bytes, or does not
 * grow after all. */
int pool_reserve_growth(struct pool *pool, uint64_t bytes, struct error *err);
void pool_release_growth(struct pool *pool, uint64_t bytes);

/* As it is now; counts what the images hold. */
int pool_space(struct pool *pool, struct capacity_space *ret_space, struct error *err);

uint64_t pool_volume_count(struct pool *pool);

/* Volumes in all of them. */
uint64_t pools_volume_count(struct pools *pools);
