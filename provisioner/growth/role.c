/* SPDX-License-Identifier: Apache-2.0 */
#include "growth/role.h"

#include "base/log.h"
#include "growth/reconcile.h"
#include "growth/wake.h"

static int reconcile(void *context, const char *key, struct error *err)
{
	return growth_reconcile(context, key, err);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("growth failed", LOG_TEXT("claim", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role growth_role = {
	.name = "resize",
	.queue = "growth",
	.lease = "external-resizer-kentledge-io",
	.share = 2,
	.name_lanes = lane_of_bound_claim,
	.kinds = CLUSTER_BIT(CLUSTER_CLAIMS) | CLUSTER_BIT(CLUSTER_VOLUMES) |
		 CLUSTER_BIT(CLUSTER_NODES) | CLUSTER_BIT(CLUSTER_CSI_NODES) |
		 CLUSTER_BIT(CLUSTER_SLICES),
	.index = { [CLUSTER_CLAIMS] = growth_index, [CLUSTER_VOLUMES] = growth_index_volume },
	.wake = growth_wake,
	.wake_all = growth_wake_all,
	.reconcile = reconcile,
	.failed = failed,
};
