/* SPDX-License-Identifier: Apache-2.0 */
#include "upkeep/sweep.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/aside.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ticker.h"
#include "pool/pools.h"
#include "pool/pools_open.h"
#include "pool/pulse.h"
#include "pool/trash.h"
#include "pool/unfinished.h"
#include "snapshot/group.h"
#include "upkeep/orphan.h"
#include "volume/cut.h"
#include "volume/ephemeral.h"

#define EVERY_MS 300000
#define OPENING_EVERY_MS 2000 /* looks for a pool whose disk did not answer */
#define PATIENCE_MS 10000     /* for one pool, before the next one is looked at */

/* One pool's part of the work, on a thread of its own: a disk that hangs holds up that pool alone.
 */
struct part {
	struct sweep *sweep;
	struct pool *pool; /* NULL: of the node's own part */
	struct aside *recovery;
	struct aside *round;
	bool late; /* a round is under way that was not waited for; logged once */
	pthread_mutex_t mutex;
	struct orphans orphans; /* as that part found them last */
};

struct sweep {
	struct pools *pools;
	char *kubelet_folder;
	int64_t started_s;
	struct part parts[POOLS_MAX]; /* of the pools, in their order; made when first used */
	struct part node;	      /* what is of no pool, or of several */
	atomic_bool groups_due;
	struct orphans orphans; /* as reported last */
	uint64_t due_ms;	/* of the next round */
	struct ticker ticker;
};

static void mend(struct pool *pool)
{
	struct error err = { 0 };
	int mended = pool->site.host->mend_quota(pool->site.host, pool->site.root_fd, &err);
	if (mended < 0)
		log_warning("quotas of a pool cannot be looked at",
			    LOG_TEXT("pool", pool->site.name), LOG_ERR(&err));
	if (mended > 0)
		log_warning("quotas of a pool are being recounted; until then they may not hold",
			    LOG_TEXT("pool", pool->site.name));
}

static void remove_spent_loops(struct host *host)
{
	unsigned count = host->remove_spent_loops(host);
	if (count)
		log_info("free loop devices that refuse discards removed",
			 LOG_UINT("count", count));
}

static void remove_half_made_groups(struct pools *pools)
{
	struct error reason = { 0 };
	size_t count = 0;
	if (snapshot_group_recover(pools, &count, &reason) < 0)
		log_warning("half-made group snapshots stay for now", LOG_ERR(&reason));
	if (count)
		log_info("half-made group snapshots removed", LOG_UINT("snapshots", count));
}

static struct orphan_search search_of(const struct sweep *sweep)
{
	return (struct orphan_search) {
		.pools = sweep->pools,
		.kubelet_folder = sweep->kubelet_folder,
		.started_s = sweep->started_s,
	};
}

static void keep_orphans(struct part *part, struct orphans *found)
{
	pthread_mutex_lock(&part->mutex);
	struct orphans before = part->orphans;
	part->orphans = *found;
	pthread_mutex_unlock(&part->mutex);
	*found = before;
}

/* A disk that is known not to answer is not touched (pool/pulse.h logs it). */
static bool answers(struct pool *pool)
{
	return !pool->pulse || pool_pulse_ask(pool->pulse, NULL) == 0;
}

static int recover_pool(void *context, struct error *err)
{
	struct part *part = context;
	if (answers(part->pool))
		cut_thaw_left(part->sweep->pools, part->pool);
	return 0;
}

static int sweep_pool(void *context, struct error *err)
{
	struct part *part = context;
	struct sweep *sweep = part->sweep;
	struct pool *pool = part->pool;
	CLEANUP_ORPHANS struct orphans found = { 0 };
	const struct orphan_search search = search_of(sweep);
	if (!answers(pool))
		return 0;
	cut_thaw_left(sweep->pools, pool);
	trash_empty_soon(pool);
	mend(pool);
	pool_unfinished_remove_abandoned(sweep->pools, pool);
	volume_ephemeral_remove_left(sweep->pools, pool, sweep->kubelet_folder);
	orphans_find_in(&search, pool, &found);
	keep_orphans(part, &found);
	return 0;
}

static void remove_groups_if_due(struct sweep *sweep)
{
	if (atomic_exchange(&sweep->groups_due, false))
		remove_half_made_groups(sweep->pools);
}

static int recover_node(void *context, struct error *err)
{
	struct part *part = context;
	remove_groups_if_due(part->sweep);
	return 0;
}

static int sweep_node(void *context, struct error *err)
{
	struct part *part = context;
	struct sweep *sweep = part->sweep;
	CLEANUP_ORPHANS struct orphans found = { 0 };
	const struct orphan_search search = search_of(sweep);
	remove_groups_if_due(sweep);
	remove_spent_loops(sweep->pools->host);
	if (orphans_find_mounted(&search, &found, err) < 0) {
		log_warning("cannot look for orphans; trying again later", LOG_ERR(err));
		return -1;
	}
	keep_orphans(part, &found);
	return 0;
}

static struct aside *make(const char *what, int (*look)(void *context, struct error *err),
			  struct part *part)
{
	const struct aside_options options = {
		.what = what, .look = look, .context = part, .patience_ms = PATIENCE_MS
	};
	return aside_new(&options);
}

static const char *name_of(const struct part *part)
{
	return part->pool ? part->pool->site.name : "";
}

static void part_init(struct part *part, struct sweep *sweep, struct pool *pool)
{
	*part = (struct part) { .sweep = sweep, .pool = pool };
	pthread_mutex_init(&part->mutex, NULL);
	part->recovery = make("recovery", pool ? recover_pool : recover_node, part);
	part->round = make("the sweep", pool ? sweep_pool : sweep_node, part);
}

static void part_done(struct part *part)
{
	if (!part->sweep)
		return;
	aside_free(part->recovery);
	aside_free(part->round);
	orphans_done(&part->orphans);
	pthread_mutex_destroy(&part->mutex);
}

static struct part *part_of(struct sweep *sweep, size_t i)
{
	if (!sweep->parts[i].sweep)
		part_init(&sweep->parts[i], sweep, sweep->pools->pools[i]);
	return &sweep->parts[i];
}

/* For a moment; what takes longer goes on aside. */
static void run_part(struct part *part, struct aside *work)
{
	struct error reason = { 0 };
	bool late = aside_ask(work, &reason) < 0 && reason.code == ERROR_TIMEOUT;
	if (late && !part->late)
		log_warning("upkeep of a pool takes long; it goes on for the other pools",
			    LOG_TEXT("pool", name_of(part)), LOG_ERR(&reason));
	part->late = late;
}

static void report_orphans(struct sweep *sweep)
{
	CLEANUP_ORPHANS struct orphans now = { 0 };
	for (size_t i = 0; i < sweep->pools->count; i++) {
		struct part *part = part_of(sweep, i);
		pthread_mutex_lock(&part->mutex);
		orphans_add_all(&now, &part->orphans);
		pthread_mutex_unlock(&part->mutex);
	}
	pthread_mutex_lock(&sweep->node.mutex);
	orphans_add_all(&now, &sweep->node.orphans);
	pthread_mutex_unlock(&sweep->node.mutex);
	orphans_report(&sweep->orphans, &now);
	struct orphans before = sweep->orphans;
	sweep->orphans = now;
	now = before;
}

static void recover(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->pools->count; i++)
		run_part(part_of(sweep, i), part_of(sweep, i)->recovery);
	atomic_store(&sweep->groups_due, true);
	run_part(&sweep->node, sweep->node.recovery);
}

static void sweep_all(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->pools->count; i++)
		run_part(part_of(sweep, i), part_of(sweep, i)->round);
	run_part(&sweep->node, sweep->node.round);
	report_orphans(sweep);
}

static uint64_t run(void *context)
{
	struct sweep *sweep = context;
	if (pools_look_again(sweep->pools) > 0) {
		atomic_store(&sweep->groups_due, true);
		sweep->due_ms = 0;
	}
	if (clock_monotonic_ms() >= sweep->due_ms) {
		sweep_all(sweep);
		sweep->due_ms = clock_monotonic_ms() + EVERY_MS;
	}
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t left_ms = sweep->due_ms > now_ms ? sweep->due_ms - now_ms : 0;
	bool opening = pools_are_opening(sweep->pools);
	return opening && left_ms > OPENING_EVERY_MS ? OPENING_EVERY_MS : left_ms;
}

int sweep_new(struct pools *pools, const char *kubelet_folder, struct sweep **ret_sweep,
	      struct error *err)
{
	CLEANUP(sweep_freep) struct sweep *sweep = must_alloc(sizeof(*sweep));
	sweep->pools = pools;
	sweep->kubelet_folder = must_strdup(kubelet_folder);
	sweep->started_s = clock_wall_s();
	part_init(&sweep->node, sweep, NULL);
	recover(sweep);
	if (ticker_start(&sweep->ticker, "the sweep", run, sweep, err) < 0)
		return -1;
	*ret_sweep = TAKE(sweep);
	return 0;
}

void sweep_free(struct sweep *sweep)
{
	if (!sweep)
		return;
	ticker_stop(&sweep->ticker);
	remove_spent_loops(sweep->pools->host);
	for (size_t i = 0; i < POOLS_MAX; i++)
		part_done(&sweep->parts[i]);
	part_done(&sweep->node);
	orphans_done(&sweep->orphans);
	free(sweep->kubelet_folder);
	free(sweep);
}
