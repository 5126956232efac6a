/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which nodes to ask after a change: one that comes or goes or whose plugin does, one on which a
 * volume was made, has grown or was deleted, one whose objects another client changed, and all of
 * them after a change of a class.
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* Groups our objects by their node. */
object_index_fn capacity_index;

/* Something changed on the node of that name that no PersistentVolume shows. */
void capacity_wake_node(struct workqueue *queue, struct cluster *cluster, const char *node);

/* Keys: "<node id>". */
void capacity_wake(struct workqueue *queue, const struct cluster_change *change);
