/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A node of the cluster, in the two objects that describe it: the Node, whose labels a class may
 * ask for, and the CSINode of the same name, in which the kubelet notes the drivers that have
 * registered with it and how each driver calls the node.
 */

#include <stdbool.h>
#include <stddef.h>

#include "kube/object.h"

struct node {
	struct object object;
	bool ready;	    /* condition Ready is True */
	bool unschedulable; /* cordoned */
	bool tainted;	    /* a taint keeps off pods that do not tolerate it */
};

/* Only the entry of our own driver is kept. */
struct csi_node {
	struct object object;
	const char *node_id; /* NULL: our driver is not registered there */
	const char **topology_keys;
	size_t topology_key_count;
};

extern const struct kind node_kind;
extern const struct kind csi_node_kind;

static inline struct node *node_of(struct object *object)
{
	return (struct node *)object;
}

static inline struct csi_node *csi_node_of(struct object *object)
{
	return (struct csi_node *)object;
}
