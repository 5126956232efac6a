/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The one node that has the data of a snapshot, or on which it is to be made. The first that is
 * there counts:
 *
 *	1. the content's annotation, the node's id: written by us before the snapshot is made, or
 *	   by an administrator
 *	2. the content's label, the node's name: also written by Kubernetes' snapshot-controller in
 *	   its distributed mode. It counts where it names a node of our driver.
 *	3. the affinity of the PersistentVolume that the snapshot is of
 *
 * A content that an administrator made for a snapshot that exists may have none of them.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "cluster/cluster.h"
#include "cluster/snapshot_content.h"

struct snapshot_node {
	bool known;	     /* one of the three says which node it is */
	const char *name;    /* of the Node; NULL: it is not known, or not in the cluster */
	const char *node_id; /* by which our driver knows it */
	struct error lost;   /* why there is no name */
};

/* Watched for it: volumes, nodes, CSINodes. The strings live in the arena. */
void snapshot_node_find(struct cluster *cluster, const struct snapshot_content *content,
			struct arena *arena, struct snapshot_node *ret_node);

/* Groups volumes by their handle, those alone whose name is another: for the roles that look for
 * the nodes of snapshots. */
object_index_fn snapshot_node_index_volume;

/* The volume of ours with this handle, found by that index: a reference, or NULL. */
struct object *snapshot_node_find_volume(struct cluster *cluster, const char *handle);
