/* SPDX-License-Identifier: Apache-2.0 */
#include "modify/role.h"

#include "base/log.h"
#include "modify/reconcile.h"
#include "modify/wake.h"

static void *begin(const struct applier *applier)
{
	return modify_reconciler_new(applier);
}

static void end(void *context)
{
	modify_reconciler_free(context);
}

static int reconcile(void *context, const char *key, struct error *err)
{
	return modify_reconcile(context, key, err);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("modification failed", LOG_TEXT("claim", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role modify_role = {
	.name = "modify",
	.queue = "modification",
	.lease = "external-resizer-kentledge-io",
	.share = 4,
	.name_lanes = lane_of_bound_claim,
	.kinds = CLUSTER_BIT(CLUSTER_CLAIMS) | CLUSTER_BIT(CLUSTER_VOLUMES) |
		 CLUSTER_BIT(CLUSTER_NODES) | CLUSTER_BIT(CLUSTER_CSI_NODES) |
		 CLUSTER_BIT(CLUSTER_SLICES) | CLUSTER_BIT(CLUSTER_ATTRIBUTES_CLASSES),
	.index = { [CLUSTER_CLAIMS] = modify_index },
	.wake = modify_wake,
	.wake_all = modify_wake_all,
	.begin = begin,
	.end = end,
	.reconcile = reconcile,
	.failed = failed,
};
