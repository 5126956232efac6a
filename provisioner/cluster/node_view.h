/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A node as the roles see it: a Node and its CSINode, put together from the copies of the cluster
 * (cluster/nodes.h).
 */

#include <stddef.h>

#include "cluster/node.h"

struct node_view {
	const struct node *node;
	const struct csi_node *csi_node; /* NULL: none seen */
};

/* Views of nodes, and the references behind them. */
struct cluster_nodes {
	struct node_view *views;
	size_t count;
};
