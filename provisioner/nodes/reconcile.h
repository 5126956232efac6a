/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One look at one PersistentVolume: is its node there, and what follows.
 */

#include "apply/applier.h"
#include "base/error.h"
#include "cluster/cluster.h"

struct node_life;

struct node_life *node_life_new(const struct applier *applier);
void node_life_free(struct node_life *life);

/* In a thread of the cluster's: what is remembered of nodes follows. */
void node_life_changed(struct node_life *life, const struct cluster_change *change);

/* A reconcile_fn (kube/workqueue.h) of key "<name>". */
int node_life_reconcile(struct node_life *life, const char *key, struct error *err);
