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

/* Groups the snapshots by their source. */
object_index_fn snapshot_wake_index;

/* The group of snapshots whose source is the claim. Yours. */
char *snapshot_wake_sources(const char *namespace, const char *claim);

void snapshot_wake(struct workqueue *queue, const struct cluster_change *change);
void snapshot_wake_all(struct workqueue *queue, struct cluster *cluster);
