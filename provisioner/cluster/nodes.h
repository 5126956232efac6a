/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Nodes as the roles see them: a Node, its CSINode and the address of its plugin put together from
 * the copies of the cluster.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "cluster/cluster.h"
#include "cluster/node_view.h"

/* The node of that name, if it is there; all nodes for NULL. */
void cluster_nodes_get(struct cluster *cluster, const char *name, struct cluster_nodes *ret_nodes);
void cluster_nodes_done(struct cluster_nodes *nodes);

/* Appends the name of the Node that our driver knows by that id; false if there is none. */
bool cluster_find_node(struct cluster *cluster, const char *node_id, struct text *name);

/* Appends where the node's plugin listens. ERROR_UNAVAILABLE: no address is known. */
int cluster_find_address(struct cluster *cluster, const char *node, struct text *address,
			 struct error *err);

/* Calls back with the name of each node that the change may have made usable or unusable. */
void cluster_changed_nodes(const struct cluster_change *change,
			   void (*each)(void *context, const char *node), void *context);
