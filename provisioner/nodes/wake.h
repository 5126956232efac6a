/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which PersistentVolumes to look at after a node left the cluster or came to it, and after a
 * change of a volume whose node is not there.
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* Keys: "<name>". */
void node_life_wake(struct workqueue *queue, const struct cluster_change *change);
