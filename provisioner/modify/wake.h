/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which claims to look at after a change: of the class that the claim names or has, of that class
 * itself, of the claim's volume, and of the node that it waits for.
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* Groups the claims that there may be something to do about. */
object_index_fn modify_index;

/* Keys: "<namespace>/<name>". */
void modify_wake(struct workqueue *queue, const struct cluster_change *change);

/* All claims that there may be something to do about. */
void modify_wake_all(struct workqueue *queue, struct cluster *cluster);
