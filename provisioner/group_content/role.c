/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/role.h"

#include "base/log.h"
#include "cluster/snapshot_node.h"
#include "group_content/reconcile.h"
#include "group_content/wake.h"

static int reconcile(void *context, const char *key, struct error *err)
{
	return group_content_reconcile(context, key, err);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("group snapshot content failed", LOG_TEXT("content", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role group_content_role = {
	.name = "snapshot",
	.queue = "group_contents",
	.lease = "external-snapshotter-leader-kentledge-io",
	.share = 4,
	.kinds = CLUSTER_BIT(CLUSTER_GROUP_CONTENTS) | CLUSTER_BIT(CLUSTER_GROUP_CLASSES) |
		 CLUSTER_BIT(CLUSTER_VOLUMES) | CLUSTER_BIT(CLUSTER_NODES) |
		 CLUSTER_BIT(CLUSTER_CSI_NODES) | CLUSTER_BIT(CLUSTER_SLICES),
	.index = { [CLUSTER_GROUP_CONTENTS] = group_content_index,
		   [CLUSTER_VOLUMES] = snapshot_node_index_volume },
	.wake = group_content_wake,
	.wake_all = group_content_wake_all,
	.reconcile = reconcile,
	.failed = failed,
};
