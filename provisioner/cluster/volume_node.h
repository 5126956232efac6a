/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The one node that has the data of a volume: the one that the PersistentVolume's affinity matches.
 * Where the affinity matches several nodes, none is named.
 */

#include <stdbool.h>

#include "base/error.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"

/* The nodes that the affinity may match: where it is as we write it, one; else all. */
void volume_node_candidates(struct cluster *cluster, const struct persistent_volume *volume,
			    struct cluster_nodes *ret_nodes);

/* Pure. nodes: of volume_node_candidates(); *ret_node is borrowed from them. ERROR_UNAVAILABLE: the
 * node is not in the cluster. ERROR_INVALID: the affinity does not say which node it is. */
int volume_node_find(const struct persistent_volume *volume, const struct cluster_nodes *nodes,
		     const char **ret_node, struct error *err);

/* Groups the volumes whose affinity names one node, as we write it, by that id. Roles share it. */
object_index_fn volume_node_index;
void volume_node_list(struct cluster *cluster, const char *node_id,
		      struct object_list *ret_volumes);

/* Pure. The volume may wait for a change of that node (cluster_nodes_get() of its name). Every
 * volume may when the node has left the cluster, since then an affinity that matched two nodes may
 * match one. */
bool volume_node_may_be(const struct persistent_volume *volume, const struct cluster_nodes *node);
