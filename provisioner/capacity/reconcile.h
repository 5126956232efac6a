/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One look at the room of one node: see, ask, plan, apply.
 */

#include <stdbool.h>

#include "apply/applier.h"
#include "base/error.h"

struct capacity_reconciler;

struct capacity_reconciler *capacity_reconciler_new(const struct applier *applier);
void capacity_reconciler_free(struct capacity_reconciler *reconciler);

/* A reconcile_fn (kube/workqueue.h) of key "<node id>". */
int capacity_reconcile(struct capacity_reconciler *reconciler, const char *node_id,
		       struct error *err);

/* The node of that name refused a claim for lack of room: its objects say so when this returns, so
 * that the scheduler does not select it again. An answer to a question that was asked after
 * since_ms is not asked for again. Bounded by GetCapacity's time; failure is logged. */
void capacity_refresh(struct capacity_reconciler *reconciler, const char *node, uint64_t since_ms);
