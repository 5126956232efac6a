/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which PersistentVolumes to look at after a change.
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* Groups the volumes that may have to be deleted: these wait for nodes. */
object_index_fn reclaim_index;

/* Keys: "<name>". */
void reclaim_wake(struct workqueue *queue, const struct cluster_change *change);
