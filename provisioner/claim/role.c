/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/role.h"

#include "base/log.h"
#include "claim/reconcile.h"
#include "claim/sight.h"
#include "claim/source_guard.h"
#include "claim/wake.h"
#include "cluster/reference_grant.h"
#include "cluster/snapshot_node.h"

static void *begin(const struct applier *applier)
{
	return claim_reconciler_new(applier);
}

static void end(void *context)
{
	claim_reconciler_free(context);
}

static int reconcile(void *context, const char *key, struct error *err)
{
	return claim_reconcile(context, key, err);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("claim failed", LOG_TEXT("claim", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role claim_role = {
	.name = "provision",
	.queue = "claims",
	.share = 1,
	.name_lanes = claim_name_lanes,
	.kinds = CLUSTER_BIT(CLUSTER_CLAIMS) | CLUSTER_BIT(CLUSTER_VOLUMES) |
		 CLUSTER_BIT(CLUSTER_CLASSES) | CLUSTER_BIT(CLUSTER_ATTRIBUTES_CLASSES) |
		 CLUSTER_BIT(CLUSTER_NODES) | CLUSTER_BIT(CLUSTER_CSI_NODES) |
		 CLUSTER_BIT(CLUSTER_SLICES) | CLUSTER_BIT(CLUSTER_SNAPSHOTS) |
		 CLUSTER_BIT(CLUSTER_SNAPSHOT_CONTENTS) | CLUSTER_BIT(CLUSTER_REFERENCE_GRANTS),
	.index = { [CLUSTER_CLAIMS] = claim_index,
		   [CLUSTER_VOLUMES] = snapshot_node_index_volume,
		   [CLUSTER_REFERENCE_GRANTS] = reference_grant_index },
	.more_indexes = { [CLUSTER_CLAIMS] = { source_guard_index, claim_index_unplaced } },
	.wake = claim_wake,
	.begin = begin,
	.end = end,
	.reconcile = reconcile,
	.failed = failed,
};
