/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/role.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "snapshot/reconcile.h"
#include "snapshot/turn.h"
#include "snapshot/wake.h"

struct memory {
	struct snapshot_apply apply;
	struct snapshot_turn *turn;
};

static void *begin(const struct applier *applier)
{
	struct memory *memory = must_alloc(sizeof(*memory));
	memory->apply.applier = applier;
	memory->apply.written = snapshot_written_new();
	memory->turn = snapshot_turn_new(applier);
	return memory;
}

static void start(void *context)
{
	snapshot_turn_start(((struct memory *)context)->turn);
}

static void stop(void *context)
{
	snapshot_turn_stop(((struct memory *)context)->turn);
}

static void end(void *context)
{
	struct memory *memory = context;
	snapshot_turn_free(memory->turn);
	snapshot_written_free(memory->apply.written);
	free(memory);
}

static bool stands_by(void *context)
{
	return !snapshot_turn_is_ours(((struct memory *)context)->turn);
}

static int reconcile(void *context, const char *key, struct error *err)
{
	const struct memory *memory = context;
	if (snapshot_turn_is_probe(memory->turn, key))
		return 0;
	return snapshot_reconcile(&memory->apply, key, err);
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
		 CLUSTER_BIT(CLUSTER_CLASSES) | CLUSTER_BIT(CLUSTER_SNAPSHOTS) |
		 CLUSTER_BIT(CLUSTER_SNAPSHOT_CONTENTS) | CLUSTER_BIT(CLUSTER_SNAPSHOT_CLASSES),
	.index = { [CLUSTER_SNAPSHOTS] = snapshot_wake_index,
		   [CLUSTER_CLAIMS] = snapshot_wake_index_claim },
	.wake = snapshot_wake,
	.wake_all = snapshot_wake_all,
	.begin = begin,
	.start = start,
	.stop = stop,
	.end = end,
	.stands_by = stands_by,
	.reconcile = reconcile,
	.failed = failed,
};
