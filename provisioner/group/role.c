/* SPDX-License-Identifier: Apache-2.0 */
#include "group/role.h"

#include <string.h>

#include "apply/lane.h"
#include "apply/place.h"
#include "apply/snapshot_turn.h"
#include "base/log.h"
#include "cluster/group_content.h"
#include "cluster/snapshot_claim.h"
#include "cluster/snapshot_node.h"
#include "group/reconcile.h"
#include "group/wake.h"

static int reconcile(void *context, const char *key, struct error *err)
{
	return group_reconcile(context, key, err);
}

/* This role calls no node. */
static void name_lanes(struct cluster *cluster, const char *key, const struct lane_names *names)
{
	const char *rest = strchr(key, '/') + 1;
	if (strncmp(key, GROUP_CONTENT_KEY, strlen(GROUP_CONTENT_KEY)) != 0) {
		lane_of_namespace(rest, names);
		return;
	}
	CLEANUP(object_unrefp)
	struct object *content = cluster_get(cluster, CLUSTER_GROUP_CONTENTS, "", rest);
	if (content && group_content_of(content)->group_namespace)
		text_append_string(names->namespace, group_content_of(content)->group_namespace);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("group failed", LOG_TEXT("key", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role group_role = {
	.name = "snapshot-controller",
	.queue = "groups",
	.share = 4,
	.name_lanes = name_lanes,
	.kinds = CLUSTER_BIT(CLUSTER_CLAIMS) | CLUSTER_BIT(CLUSTER_VOLUMES) |
		 CLUSTER_BIT(CLUSTER_NODES) | CLUSTER_BIT(CLUSTER_CSI_NODES) |
		 CLUSTER_BIT(CLUSTER_SNAPSHOTS) | CLUSTER_BIT(CLUSTER_SNAPSHOT_CONTENTS) |
		 CLUSTER_BIT(CLUSTER_GROUP_SNAPSHOTS) | CLUSTER_BIT(CLUSTER_GROUP_CONTENTS) |
		 CLUSTER_BIT(CLUSTER_GROUP_CLASSES),
	.index = { [CLUSTER_GROUP_SNAPSHOTS] = group_wake_index,
		   [CLUSTER_SNAPSHOTS] = group_wake_index_member,
		   [CLUSTER_VOLUMES] = snapshot_node_index_volume,
		   [CLUSTER_CLAIMS] = snapshot_claim_index },
	.more_indexes = { [CLUSTER_CLAIMS] = { group_wake_index_claim } },
	.wake = group_wake,
	.wake_all = group_wake_all,
	.begin = placer_begin,
	.end = placer_end,
	.stands_by = snapshot_turn_stands_by,
	.reconcile = reconcile,
	.failed = failed,
};
