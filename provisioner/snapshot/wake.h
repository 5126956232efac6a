/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which snapshots, contents and claims to look at after a change. Keys say the kind first:
 *
 *	snapshot/<namespace>/<name>	claim/<namespace>/<name>	content/<name>
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

#define SNAPSHOT_KEY "snapshot/"
#define SNAPSHOT_CLAIM_KEY "claim/"
#define SNAPSHOT_CONTENT_KEY "content/"

/* Group the snapshots by their source, and of the claims those that restore from a snapshot by it,
 * and those that are protected. */
object_index_fn snapshot_wake_index;
object_index_fn snapshot_wake_index_claim;

/* The group of snapshots whose source is the claim. Yours, as the next one. */
char *snapshot_wake_sources(const char *namespace, const char *claim);

/* The group of pending claims that restore from the snapshot. */
char *snapshot_wake_restores(const char *namespace, const char *snapshot);

void snapshot_wake(struct workqueue *queue, const struct cluster_change *change);
void snapshot_wake_all(struct workqueue *queue, struct cluster *cluster);
