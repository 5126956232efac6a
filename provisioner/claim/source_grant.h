/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a claim may be made from a source in another namespace, as the copies of the cluster say:
 * the gate CrossNamespaceVolumeDataSource is on, which is to say that the ReferenceGrants are
 * watched, and one of them in the source's namespace allows it.
 *
 * A claim may name any source. So what is not granted must neither be made nor hold the source.
 */

#include "claim/source.h"
#include "cluster/cluster.h"
#include "kube/workqueue.h"

/* claim: a copy (claim_is_copy()). */
enum claim_grant source_grant_find(struct cluster *cluster, const struct claim *claim);

/* Wakes the claims that a changed ReferenceGrant may concern, and their sources. */
void source_grant_wake(struct workqueue *queue, const struct cluster_change *change);
