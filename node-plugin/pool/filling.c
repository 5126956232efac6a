/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/filling.h"

#include "base/clock.h"
#include "pool/pools.h"
#include "pool/visiting.h"

#define LONG_AFTER_MS 1000
#define LONG_BYTES (256ULL << 20) /* about what a disk writes within that time */
#define LONG_AT_ONCE 3		  /* of --workers=8 */
#define LONG_OF_ONE_POOL 2	  /* where there are several */

static bool take(atomic_uint *count, unsigned max)
{
	if (atomic_fetch_add(count, 1) < max)
		return true;
	atomic_fetch_sub(count, 1);
	return false;
}

/* A disk that is slow, or hangs, leaves a place to the other ones. */
static bool take_place(struct filling *filling)
{
	struct filling_places *places = filling->places;
	bool several = filling->pools->count > 1;
	atomic_uint *of_pool = filling->counted ? &places->of_pool[filling->counted->order] : NULL;
	if (of_pool && !take(of_pool, several ? LONG_OF_ONE_POOL : LONG_AT_ONCE))
		return false;
	if (take(&places->total, LONG_AT_ONCE))
		return true;
	if (of_pool)
		atomic_fetch_sub(of_pool, 1);
	return false;
}

static int refuse(const struct filling *filling, uint64_t done_bytes, struct error *err)
{
	error_set(err, ERROR_BUSY,
		  "as much long work (copies, zeroes, checks of file systems) as may be at once is "
		  "under way on this node%s%s; try again",
		  filling->counted ? " in pool " : "",
		  filling->counted ? filling->counted->site.name : "");
	if (!done_bytes)
		return -1;
	return error_prefix(err, "%llu bytes are written, and the next try goes on from there",
			    (unsigned long long)done_bytes);
}

static int become_long(struct filling *filling, uint64_t done_bytes, struct error *err)
{
	filling->counted = filling->pool;
	filling->is_long = take_place(filling);
	return filling->is_long ? 0 : refuse(filling, done_bytes, err);
}

static int look(void *context, uint64_t done_bytes, struct error *err)
{
	struct filling *filling = context;
	uint64_t now_ms = clock_monotonic_ms();
	if (atomic_load(&filling->places->stopping))
		return error_set(err, ERROR_UNAVAILABLE, "the plugin is stopping; try again");
	if (!filling->begin_ms)
		filling->begin_ms = now_ms;
	if (filling->is_long || now_ms - filling->begin_ms < LONG_AFTER_MS)
		return 0;
	return become_long(filling, done_bytes, err);
}

/* Not begun at all, where it would have to end after a moment. */
static int expect(void *context, uint64_t bytes, struct error *err)
{
	struct filling *filling = context;
	return filling->is_long || bytes < LONG_BYTES ? 0 : become_long(filling, 0, err);
}

void filling_init(struct filling *filling, struct pools *pools, struct filling_places *places)
{
	*filling = (struct filling) {
		.watch = { .look = look, .expect = expect, .context = filling },
		.pools = pools,
		.places = places,
	};
}

void filling_init_of(struct filling *filling, struct pools *pools, struct filling_places *places,
		     const char *volume_id)
{
	filling_init(filling, pools, places);
	filling->pool = visiting_pool(pools, volume_id);
}

void filling_done(struct filling *filling)
{
	if (!filling->is_long)
		return;
	atomic_fetch_sub(&filling->places->total, 1);
	if (filling->counted)
		atomic_fetch_sub(&filling->places->of_pool[filling->counted->order], 1);
}
