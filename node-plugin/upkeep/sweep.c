/* SPDX-License-Identifier: Apache-2.0 */
#include "upkeep/sweep.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/ticker.h"
#include "pool/pools.h"
#include "pool/pools_open.h"
#include "pool/trash.h"
#include "pool/unfinished.h"
#include "snapshot/group.h"
#include "upkeep/orphan.h"
#include "volume/cut.h"
#include "volume/ephemeral.h"

#define EVERY_MS 300000

struct sweep {
	struct pools *pools;
	char *kubelet_folder;
	int64_t started_s;
	struct orphans orphans; /* as last found */
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
		log_info("loop devices removed that refuse discards and have no image any more",
			 LOG_UINT("count", count));
}

static void look_for_orphans(struct sweep *sweep)
{
	struct error err = { 0 };
	CLEANUP_ORPHANS struct orphans now = { 0 };
	const struct orphan_search search = {
		.pools = sweep->pools,
		.kubelet_folder = sweep->kubelet_folder,
		.started_s = sweep->started_s,
	};
	if (orphans_find(&search, &now, &err) < 0) {
		log_warning("cannot look for orphans; trying again later", LOG_ERR(&err));
		return;
	}
	orphans_report(&sweep->orphans, &now);
	struct orphans before = sweep->orphans;
	sweep->orphans = now;
	now = before;
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

static void recover(struct pools *pools)
{
	cut_thaw_left(pools);
	remove_half_made_groups(pools);
}

static uint64_t run(void *context)
{
	struct sweep *sweep = context;
	if (pools_look_again(sweep->pools) > 0)
		remove_half_made_groups(sweep->pools);
	cut_thaw_left(sweep->pools);
	for (size_t i = 0; i < sweep->pools->count; i++) {
		trash_empty_soon(sweep->pools->pools[i]);
		mend(sweep->pools->pools[i]);
	}
	pool_unfinished_remove_abandoned(sweep->pools);
	volume_ephemeral_remove_left(sweep->pools, sweep->kubelet_folder);
	remove_spent_loops(sweep->pools->host);
	look_for_orphans(sweep);
	return EVERY_MS;
}

int sweep_new(struct pools *pools, const char *kubelet_folder, struct sweep **ret_sweep,
	      struct error *err)
{
	CLEANUP(sweep_freep) struct sweep *sweep = must_alloc(sizeof(*sweep));
	sweep->pools = pools;
	sweep->kubelet_folder = must_strdup(kubelet_folder);
	sweep->started_s = clock_wall_s();
	recover(pools);
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
	orphans_done(&sweep->orphans);
	free(sweep->kubelet_folder);
	free(sweep);
}
