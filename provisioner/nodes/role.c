/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/role.h"

#include "base/log.h"
#include "cluster/volume_node.h"
#include "nodes/reconcile.h"
#include "nodes/wake.h"

static void *begin(const struct applier *applier)
{
	return node_life_new(applier);
}

static void end(void *context)
{
	node_life_free(context);
}

static int reconcile(void *context, const char *key, struct error *err)
{
	return node_life_reconcile(context, key, err);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("life of a node failed", LOG_TEXT("volume", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

static void changed(void *context, const struct cluster_change *change)
{
	node_life_changed(context, change);
}

const struct role node_life_role = {
	.name = "nodes",
	.queue = "node-life",
	.share = 8,
	.kinds = CLUSTER_BIT(CLUSTER_CLAIMS) | CLUSTER_BIT(CLUSTER_VOLUMES) |
		 CLUSTER_BIT(CLUSTER_NODES) | CLUSTER_BIT(CLUSTER_CSI_NODES),
	.index = { [CLUSTER_VOLUMES] = volume_node_index },
	.changed = changed,
	.wake = node_life_wake,
	.begin = begin,
	.end = end,
	.reconcile = reconcile,
	.failed = failed,
};
