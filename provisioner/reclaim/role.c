/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/role.h"

#include "base/log.h"
#include "reclaim/reconcile.h"
#include "reclaim/wake.h"

static int reconcile(void *context, const char *key, struct error *err)
{
	return reclaim_reconcile(context, key, err);
}

static void name_lanes(struct cluster *cluster, const char *key, const struct lane_names *names)
{
	CLEANUP(object_unrefp)
	struct object *volume = cluster_get(cluster, CLUSTER_VOLUMES, "", key);
	if (volume)
		lane_of_volume(cluster, persistent_volume_of(volume), names);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("volume failed", LOG_TEXT("volume", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role reclaim_role = {
	.name = "reclaim",
	.queue = "volumes",
	.share = 2,
	.name_lanes = name_lanes,
	.kinds = CLUSTER_BIT(CLUSTER_CLAIMS) | CLUSTER_BIT(CLUSTER_VOLUMES) |
		 CLUSTER_BIT(CLUSTER_NODES) | CLUSTER_BIT(CLUSTER_CSI_NODES) |
		 CLUSTER_BIT(CLUSTER_SLICES),
	.index = { [CLUSTER_VOLUMES] = reclaim_index },
	.wake = reclaim_wake,
	.reconcile = reconcile,
	.failed = failed,
};
