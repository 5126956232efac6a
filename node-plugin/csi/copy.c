/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/copy.h"

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
static bool take_place(struct csi_copy *copy)
{
	struct csi_places *places = copy->places;
	bool several = copy->pools->count > 1;
	atomic_uint *of_pool = copy->counted ? &places->of_pool[copy->counted->order] : NULL;
	if (of_pool && !take(of_pool, several ? LONG_OF_ONE_POOL : LONG_AT_ONCE))
		return false;
	if (take(&places->total, LONG_AT_ONCE))
		return true;
	if (of_pool)
		atomic_fetch_sub(of_pool, 1);
	return false;
}

static int become_long(struct csi_copy *copy, uint64_t done_bytes, struct error *err)
{
	copy->counted = copy->pool;
	copy->is_long = take_place(copy);
	if (copy->is_long)
		return 0;
	return error_set(err, ERROR_BUSY,
			 "as many volumes and snapshots as may be at once are being filled on this "
			 "node%s%s; %llu bytes are written, try again to go on",
			 copy->counted ? " in pool " : "",
			 copy->counted ? copy->counted->site.name : "",
			 (unsigned long long)done_bytes);
}

static int look(void *context, uint64_t done_bytes, struct error *err)
{
	struct csi_copy *copy = context;
	uint64_t now_ms = clock_monotonic_ms();
	if (!copy->begin_ms)
		copy->begin_ms = now_ms;
	if (copy->is_long || now_ms - copy->begin_ms < LONG_AFTER_MS)
		return 0;
	return become_long(copy, done_bytes, err);
}

/* Not begun at all, where it would have to end after a moment. */
static int expect(void *context, uint64_t bytes, struct error *err)
{
	struct csi_copy *copy = context;
	return copy->is_long || bytes < LONG_BYTES ? 0 : become_long(copy, 0, err);
}

void csi_copy_init(struct csi_copy *copy, struct pools *pools, struct csi_places *places)
{
	*copy = (struct csi_copy) {
		.watch = { .look = look, .expect = expect, .context = copy },
		.pools = pools,
		.places = places,
	};
}

void csi_copy_init_of(struct csi_copy *copy, struct pools *pools, struct csi_places *places,
		      const char *volume_id)
{
	csi_copy_init(copy, pools, places);
	copy->pool = visiting_pool(pools, volume_id);
}

void csi_copy_done(struct csi_copy *copy)
{
	if (!copy->is_long)
		return;
	atomic_fetch_sub(&copy->places->total, 1);
	if (copy->counted)
		atomic_fetch_sub(&copy->places->of_pool[copy->counted->order], 1);
}
