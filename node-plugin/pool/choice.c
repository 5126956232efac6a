/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/choice.h"

#include <stdlib.h>
#include <string.h>

#include "backend/backends.h"
#include "base/clock.h"
#include "base/text.h"
#include "pool/pools.h"
#include "pool/room.h"
#include "pool/trash.h"

#define TRASH_WAIT_MS 3000

struct candidate {
	struct pool *pool;
	uint64_t room_bytes;
	unsigned order;
};

struct candidates {
	struct candidate items[POOLS_MAX];
	size_t count;
	size_t seen; /* of the pools that were there */
};

static int no_such_pool(struct pools *pools, size_t seen, const char *name, struct error *err)
{
	if (pools_check_missing(pools, seen, name, err) < 0)
		return error_prefix(err, "parameter pool");
	CLEANUP_FREE char *names = pools_names(pools);
	return error_set(err, ERROR_EXHAUSTED,
			 "parameter pool: this node has no pool \"%s\"; it has %s", name, names);
}

/* What a missing pool could serve is unknown. What the pools of this node cannot serve, another
 * node may: ERROR_EXHAUSTED, for which the provisioner tries elsewhere (CSI: RESOURCE_EXHAUSTED).
 */
static int none_serves(struct pools *pools, size_t seen, const struct parameters *parameters,
		       const struct error *reason, struct error *err)
{
	if (!parameters->pool && pools_check_missing(pools, seen, NULL, err) < 0)
		return error_prefix(err, "%s", reason->text);
	/* A disk that does not answer now may serve later. */
	if (reason->code == ERROR_UNAVAILABLE)
		return error_set(err, ERROR_UNAVAILABLE, "%s", reason->text);
	return error_set(err, ERROR_EXHAUSTED, "%s", reason->text);
}

/* One whose disk does not answer serves nothing now. */
static int check_pool(const struct backend *backend, struct pool *pool,
		      const struct parameters *parameters, struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0)
		return -1;
	return backend->check_pool(&pool->site, parameters, err);
}

/* The pools that serve the class, in no order. */
static int collect(struct pools *pools, const struct parameters *parameters, const char *among,
		   struct candidates *ret_candidates, struct error *err)
{
	const struct backend *backend = backend_of_kind(parameters->backend);
	struct candidates candidates = { .seen = pools->count };
	struct error reason = { 0 };
	bool named = false;
	for (size_t i = 0; i < candidates.seen; i++) {
		struct pool *pool = pools->pools[i];
		if (parameters->pool && strcmp(parameters->pool, pool->site.name) != 0)
			continue;
		if (among && among[0] && !text_list_has(among, pool->site.name))
			continue;
		named = true;
		struct error why = { 0 };
		if (check_pool(backend, pool, parameters, &why) == 0)
			candidates.items[candidates.count++] =
				(struct candidate) { .pool = pool, .order = pool->order };
		else if (reason.code != ERROR_UNAVAILABLE)
			reason = why;
	}
	if (!named)
		return no_such_pool(pools, candidates.seen,
				    parameters->pool ? parameters->pool : among, err);
	if (candidates.count == 0)
		return none_serves(pools, candidates.seen, parameters, &reason, err);
	*ret_candidates = candidates;
	return 0;
}

static int by_order(const void *a, const void *b)
{
	const struct candidate *one = a, *other = b;
	return (one->order > other->order) - (one->order < other->order);
}

static int by_room(const void *a, const void *b)
{
	const struct candidate *one = a, *other = b;
	if (one->room_bytes != other->room_bytes)
		return one->room_bytes < other->room_bytes ? 1 : -1;
	return by_order(a, b);
}

static uint64_t estimate(struct pool *pool)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, NULL) < 0)
		return 0;
	return pool_room_estimate(pool);
}

static int reserve(struct pool *pool, const struct pool_wish *wish, struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0)
		return -1;
	return pool_reserve(pool, &wish->promise, err);
}

static int look_at_space(struct pool *pool, struct capacity_space *ret_space, struct error *err)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, err) < 0)
		return -1;
	return pool_space(pool, ret_space, err);
}

static void sort(struct pools *pools, struct candidates *candidates)
{
	bool most_room = pools->policy == POOL_POLICY_MOST_ROOM;
	if (candidates->count < 2)
		return;
	for (size_t i = 0; most_room && i < candidates->count; i++)
		candidates->items[i].room_bytes = estimate(candidates->items[i].pool);
	qsort(candidates->items, candidates->count, sizeof(*candidates->items),
	      most_room ? by_room : by_order);
}

/* Of several refusals, the caller gets the one that may end: a pool that is full today may have
 * room tomorrow, a pool that is too small stays too small. */
static bool is_better(const struct error *reason, const struct error *told)
{
	return told->code == ERROR_NONE ||
	       (told->code == ERROR_RANGE && reason->code != ERROR_RANGE);
}

static int reserve_in_one(const struct candidates *candidates, const struct pool_wish *wish,
			  struct pool **ret_pool, struct error *err)
{
	struct error told = { 0 };
	for (size_t i = 0; i < candidates->count; i++) {
		struct error reason = { 0 };
		struct pool *pool = candidates->items[i].pool;
		if (reserve(pool, wish, &reason) == 0) {
			*ret_pool = pool;
			return 0;
		}
		if (is_better(&reason, &told))
			told = reason;
	}
	*err = told;
	return -1;
}

/* Room may be about to become free. */
static bool wait_for_trash(const struct candidates *candidates)
{
	uint64_t deadline_ms = clock_monotonic_ms() + TRASH_WAIT_MS;
	bool waited = false;
	for (size_t i = 0; i < candidates->count; i++) {
		uint64_t now_ms = clock_monotonic_ms();
		struct pool *pool = candidates->items[i].pool;
		if (!trash_is_busy(pool))
			continue;
		waited = true;
		trash_wait(pool, now_ms < deadline_ms ? deadline_ms - now_ms : 0);
	}
	return waited;
}

static void put_first(struct candidates *candidates, const struct pool *pool)
{
	for (size_t i = 1; i < candidates->count; i++)
		if (candidates->items[i].pool == pool) {
			struct candidate first = candidates->items[i];
			memmove(&candidates->items[1], &candidates->items[0], i * sizeof(first));
			candidates->items[0] = first;
			return;
		}
}

int pool_choice_reserve(struct pools *pools, const struct pool_wish *wish, struct pool **ret_pool,
			struct error *err)
{
	struct candidates candidates;
	if (collect(pools, wish->parameters, wish->among, &candidates, err) < 0)
		return -1;
	sort(pools, &candidates);
	put_first(&candidates, wish->source);
	if (reserve_in_one(&candidates, wish, ret_pool, err) == 0 ||
	    (err && err->code == ERROR_EXHAUSTED && wait_for_trash(&candidates) &&
	     reserve_in_one(&candidates, wish, ret_pool, err) == 0))
		return 0;
	if (err && err->code == ERROR_RANGE && !wish->parameters->pool &&
	    pools_check_missing(pools, candidates.seen, NULL, NULL) < 0)
		err->code = ERROR_EXHAUSTED;
	return -1;
}

int pool_choice_capacity(struct pools *pools, const struct parameters *parameters,
			 struct pool_capacity *ret_capacity, struct error *err)
{
	struct candidates candidates;
	struct pool_capacity capacity = { 0 };
	if (collect(pools, parameters, NULL, &candidates, err) < 0)
		return -1;
	for (size_t i = 0; i < candidates.count; i++) {
		struct capacity_space space;
		struct error reason = { 0 };
		if (look_at_space(candidates.items[i].pool, &space, &reason) < 0) {
			if (reason.code == ERROR_UNAVAILABLE)
				continue;
			*err = reason;
			return -1;
		}
		uint64_t room = capacity_room(&space);
		capacity.available_bytes += room;
		if (room > capacity.largest_bytes)
			capacity.largest_bytes = room;
	}
	*ret_capacity = capacity;
	return 0;
}
