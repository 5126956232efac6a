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

static void name_lanes(struct cluster *cluster, const char *key, const struct lane_names *names)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	CLEANUP(object_unrefp)
	struct object *object = cluster_get(cluster, CLUSTER_SNAPSHOT_CONTENTS, "", key);
	struct snapshot_node node;
	if (!object)
		return;
	const struct snapshot_content *content = snapshot_content_of(object);
	if (content->snapshot_namespace)
		text_append_string(names->namespace, content->snapshot_namespace);
	if (!snapshot_content_is_ours(content))
		return;
	snapshot_node_find(cluster, content, arena, &node);
	if (node.name)
		text_append_string(names->node, node.name);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("snapshot content failed", LOG_TEXT("content", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role content_role = {
	.name = "snapshot",
	.queue = "contents",
	.lease = "external-snapshotter-leader-kentledge-io",
	.share = 2,
	.name_lanes = name_lanes,
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
