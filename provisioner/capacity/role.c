/* SPDX-License-Identifier: Apache-2.0 */
#include "capacity/role.h"

#include "base/log.h"
#include "capacity/reconcile.h"
#include "capacity/wake.h"

static void *begin(const struct applier *applier)
{
	return capacity_reconciler_new(applier);
}

static void end(void *context)
{
	capacity_reconciler_free(context);
}

static int reconcile(void *context, const char *key, struct error *err)
{
	return capacity_reconcile(context, key, err);
}

static void short_of_room(void *context, const char *node, uint64_t since_ms)
{
	capacity_refresh(context, node, since_ms);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("capacity failed", LOG_TEXT("node_id", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role capacity_role = {
	.name = "capacity",
	.queue = "capacities",
	.share = 2,
	.kinds = CLUSTER_BIT(CLUSTER_CAPACITIES) | CLUSTER_BIT(CLUSTER_VOLUMES) |
		 CLUSTER_BIT(CLUSTER_CLASSES) | CLUSTER_BIT(CLUSTER_NODES) |
		 CLUSTER_BIT(CLUSTER_CSI_NODES) | CLUSTER_BIT(CLUSTER_SLICES),
	.index = { [CLUSTER_CAPACITIES] = capacity_index },
	.wake = capacity_wake,
	.begin = begin,
	.end = end,
	.reconcile = reconcile,
	.failed = failed,
	.short_of_room = short_of_room,
	.room_changed = capacity_wake_node,
};
