/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which group contents to look at after a change: of what a user or the controller's part wrote on
 * them, of their class, and of the node that they wait for. What this role writes itself wakes
 * none.
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* Groups the contents that there may be something to do about. */
object_index_fn group_content_index;

/* Keys: "<name>". */
void group_content_wake(struct workqueue *queue, const struct cluster_change *change);

/* All contents that there may be something to do about. */
void group_content_wake_all(struct workqueue *queue, struct cluster *cluster);
