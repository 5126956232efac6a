/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which claims to look at after a change. A change of a class, a node or an address wakes the
 * claims that may be waiting for it, so that none of them has to wait for a retry.
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* Groups the claims that the provisioner may have to do something about by the node that they wait
 * for. */
object_index_fn claim_index;

/* Groups those that wait for no node in particular, or may be handed to us yet, by their namespace.
 */
object_index_fn claim_index_unplaced;

/* Appends the name of that group. */
void claim_unplaced_group(const char *namespace, struct text *group);

/* Keys: "<namespace>/<name>". */
void claim_wake(struct workqueue *queue, const struct cluster_change *change);
