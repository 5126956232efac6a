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
#include "cluster/persistent_volume.h"
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

/* The parts of it, for contents of other kinds. By the first two: */
bool snapshot_node_is_noted(struct cluster *cluster, const struct object *content,
			    struct arena *arena, struct snapshot_node *ret_node);

/* By the third: */
void snapshot_node_of_volume(struct cluster *cluster, const struct persistent_volume *volume,
			     struct arena *arena, struct snapshot_node *ret_node);

/* Where nothing else is known, the node that the label names may come back. */
void snapshot_node_set_labelled(const struct object *content, struct snapshot_node *node);

/* Our driver's volume of that handle; a reference, or NULL. One that we made is called by it. */
struct object *snapshot_node_find_volume(struct cluster *cluster, const char *handle);

/* What the first two say has changed. */
bool snapshot_node_differs(const struct object *before, const struct object *after);
