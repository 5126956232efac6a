/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One round at one node: its list, and what follows for the claims of its volumes.
 *
 *	in the list		its conditions hold; none is recovery
 *	not in one list		nothing: it may have changed just then
 *	not in two in a row	asked for by itself: its conditions, or it does not exist
 *	no list at all		the node's fault: one event on the Node, the claims stay as they are
 *	node gone for long	NodeLost
 */

#include "apply/applier.h"
#include "base/error.h"

struct health_reconciler;

struct health_reconciler *health_reconciler_new(const struct applier *applier);
void health_reconciler_free(struct health_reconciler *reconciler);

/* A reconcile_fn (kube/workqueue.h) of key "<node id>". */
int health_reconcile(struct health_reconciler *reconciler, const char *node_id, struct error *err);
