/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which PersistentVolumes to look at after a node left the cluster or came to it, and after a
 * change of a volume whose node is not there.
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* Groups the volumes of a node. */
object_index_fn node_life_index;

/* Keys: "<name>". */
void node_life_wake(struct workqueue *queue, const struct cluster_change *change);
