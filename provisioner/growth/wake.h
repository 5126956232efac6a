/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which claims to look at after a change: of the claim's request and of what it has, of its volume,
 * and of the node that it waits for.
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* Group the claims whose growth waits for us, and the volumes whose file system may not have grown
 * yet. */
object_index_fn growth_index;
object_index_fn growth_index_volume;

/* Keys: "<namespace>/<name>". */
void growth_wake(struct workqueue *queue, const struct cluster_change *change);

/* All claims that there may be something to do about. */
void growth_wake_all(struct workqueue *queue, struct cluster *cluster);
