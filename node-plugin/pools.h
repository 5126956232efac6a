/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * All the pools of this node. A volume is known by its id alone and lies in one of them; which one
 * is found by looking, as a restarted plugin would.
 *
 * The locks of volumes are common to all pools: two calls with one name must not make two volumes.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host.h"
#include "pool.h"
#include "pool_place.h"
#include "volume_lock.h"

struct pools {
	struct volume_locks locks;
	struct host *host;
	struct pool *pools[POOLS_MAX];
	size_t count;
};

/* A pool's folder is made if it is missing, its parent is not. host is borrowed.
 * ERROR_IN_USE if another process has one of them. */
int pools_open(const struct pool_place *places, size_t count, struct host *host,
	       unsigned reserve_percent, struct pools **ret_pools, struct error *err);
void pools_close(struct pools *pools);

/* NULL if none has that name. */
struct pool *pools_find(struct pools *pools, const char *name);

/* The pool for a new volume: the one of that name, or any if name is NULL. ERROR_INVALID names the
 * pools there are. */
int pools_choose(struct pools *pools, const char *name, struct pool **ret_pool, struct error *err);

/* Volumes in all of them. */
uint64_t pools_volume_count(struct pools *pools);

/* Every pool works (pool_check()). */
int pools_check(struct pools *pools, struct error *err);

DEFINE_CLEANUP(struct pools *, pools_close);
