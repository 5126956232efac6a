/* SPDX-License-Identifier: Apache-2.0 */
#include "content/role.h"

#include "base/log.h"
#include "cluster/snapshot_node.h"
#include "content/reconcile.h"
#include "content/wake.h"

static int reconcile(void *context, const char *key, struct error *err)
{
	return content_reconcile(context, key, err);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("snapshot failed", LOG_TEXT("content", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role content_role = {
	.name = "snapshot",
	.queue = "contents",
	.lease = "external-snapshotter-leader-kentledge-io",
	.share = 2,
	.kinds = CLUSTER_BIT(CLUSTER_SNAPSHOT_CONTENTS) | CLUSTER_BIT(CLUSTER_SNAPSHOT_CLASSES) |
		 CLUSTER_BIT(CLUSTER_VOLUMES) | CLUSTER_BIT(CLUSTER_NODES) |
		 CLUSTER_BIT(CLUSTER_CSI_NODES) | CLUSTER_BIT(CLUSTER_SLICES),
	.index = { [CLUSTER_SNAPSHOT_CONTENTS] = content_index,
		   [CLUSTER_VOLUMES] = snapshot_node_index_volume },
	.wake = content_wake,
	.wake_all = content_wake_all,
	.reconcile = reconcile,
	.failed = failed,
};
