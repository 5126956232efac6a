/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/role.h"

#include <string.h>

#include "apply/place.h"
#include "apply/snapshot_turn.h"
#include "base/log.h"
#include "cluster/group_cut.h"
#include "cluster/snapshot_claim.h"
#include "cluster/snapshot_node.h"
#include "snapshot/reconcile.h"
#include "snapshot/wake.h"

static struct snapshot_turn *turn_of(void *context)
{
	const struct placer *placer = context;
	return placer->applier->turn;
}

/* The turn is that of all roles that do a part of the snapshot-controller; this one, which none of
 * them is without, keeps it going. */
static void start(void *context)
{
	snapshot_turn_start(turn_of(context));
}

static void stop(void *context)
{
	snapshot_turn_stop(turn_of(context));
}

static bool is_probe(void *context, const char *key)
{
	size_t length = strlen(SNAPSHOT_KEY);
	return strncmp(key, SNAPSHOT_KEY, length) == 0 &&
	       snapshot_turn_is_probe(turn_of(context), key + length);
}

static int reconcile(void *context, const char *key, struct error *err)
{
	return is_probe(context, key) ? 0 : snapshot_reconcile(context, key, err);
}

static void failed(void *context, const char *key, const struct error *err, uint32_t retry_after_ms)
{
	log_warning("snapshot failed", LOG_TEXT("key", key), LOG_ERR(err),
		    LOG_UINT("retry_after_ms", retry_after_ms));
}

const struct role snapshot_role = {
	.name = "snapshot-controller",
	.queue = "snapshots",
	.share = 2,
	.kinds = CLUSTER_BIT(CLUSTER_CLAIMS) | CLUSTER_BIT(CLUSTER_VOLUMES) |
		 CLUSTER_BIT(CLUSTER_SNAPSHOTS) | CLUSTER_BIT(CLUSTER_SNAPSHOT_CONTENTS) |
		 CLUSTER_BIT(CLUSTER_SNAPSHOT_CLASSES) | CLUSTER_BIT(CLUSTER_GROUP_CONTENTS),
	.index = { [CLUSTER_SNAPSHOTS] = snapshot_wake_index,
		   [CLUSTER_GROUP_CONTENTS] = group_cut_index,
		   [CLUSTER_VOLUMES] = snapshot_node_index_volume,
		   [CLUSTER_CLAIMS] = snapshot_claim_index },
	.wake = snapshot_wake,
	.wake_all = snapshot_wake_all,
	.begin = placer_begin,
	.start = start,
	.stop = stop,
	.end = placer_end,
	.stands_by = snapshot_turn_stands_by,
	.reconcile = reconcile,
	.failed = failed,
};
