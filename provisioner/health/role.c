/* SPDX-License-Identifier: Apache-2.0 */
#include "health/role.h"

#include "base/log.h"
#include "cluster/volume_node.h"
#include "health/reconcile.h"
#include "health/wake.h"

static void *begin(const struct applier *applier)
{
	return health_reconciler_new(applier);
}

static void end(void *context)
{
	health_reconciler_free(context);
}

static int reconcile(void *context, const char *key, struct error *err)
{
	return health_reconcile(context, key, err);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("health not told", LOG_TEXT("node_id", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role health_role = {
	.name = "health",
	.queue = "health",
	.share = 2,
	.kinds = CLUSTER_BIT(CLUSTER_CLAIMS) | CLUSTER_BIT(CLUSTER_VOLUMES) |
		 CLUSTER_BIT(CLUSTER_NODES) | CLUSTER_BIT(CLUSTER_CSI_NODES) |
		 CLUSTER_BIT(CLUSTER_SLICES),
	.index = { [CLUSTER_VOLUMES] = volume_node_index },
	.wake = health_wake,
	.begin = begin,
	.end = end,
	.reconcile = reconcile,
	.failed = failed,
};
