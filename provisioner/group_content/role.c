/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/role.h"

#include "apply/lane.h"
#include "base/log.h"
#include "cluster/group_node.h"
#include "cluster/snapshot_node.h"
#include "group_content/reconcile.h"
#include "group_content/wake.h"

static int reconcile(void *context, const char *key, struct error *err)
{
	return group_content_reconcile(context, key, err);
}

static void name_lanes(struct cluster *cluster, const char *key, const struct lane_names *names)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	CLEANUP(object_unrefp)
	struct object *object = cluster_get(cluster, CLUSTER_GROUP_CONTENTS, "", key);
	struct snapshot_node node;
	struct error ignored;
	if (!object)
		return;
	const struct group_content *content = group_content_of(object);
	if (content->group_namespace)
		text_append_string(names->namespace, content->group_namespace);
	if (!group_content_is_ours(content))
		return;
	group_node_find(cluster, content, arena, &node, &ignored);
	if (node.name)
		text_append_string(names->node, node.name);
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
	.name_lanes = name_lanes,
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
