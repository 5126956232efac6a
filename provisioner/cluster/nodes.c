/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/nodes.h"

#include <stdlib.h>

#include "base/same.h"
#include "cluster/endpoint_slice.h"

static void add_view(struct cluster *cluster, struct object *node, struct cluster_nodes *nodes)
{
	struct object *csi_node = cluster_get(cluster, CLUSTER_CSI_NODES, "", node->name);
	nodes->views[nodes->count++] = (struct node_view) {
		.node = node_of(object_ref(node)),
		.csi_node = csi_node ? csi_node_of(csi_node) : NULL,
	};
}

void cluster_nodes_get(struct cluster *cluster, const char *name, struct cluster_nodes *ret_nodes)
{
	CLEANUP_OBJECT_LIST struct object_list all = { 0 };
	CLEANUP(object_unrefp) struct object *one = NULL;
	*ret_nodes = (struct cluster_nodes) { 0 };
	if (name) {
		one = cluster_get(cluster, CLUSTER_NODES, "", name);
		if (!one)
			return;
		ret_nodes->views = must_alloc(sizeof(*ret_nodes->views));
		add_view(cluster, one, ret_nodes);
		return;
	}
	cluster_list(cluster, CLUSTER_NODES, NULL, &all);
	ret_nodes->views = must_alloc(all.count * sizeof(*ret_nodes->views));
	for (size_t i = 0; i < all.count; i++)
		add_view(cluster, all.items[i], ret_nodes);
}

void cluster_nodes_done(struct cluster_nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		object_unref((struct object *)nodes->views[i].node);
		object_unref((struct object *)nodes->views[i].csi_node);
	}
	free(nodes->views);
	*nodes = (struct cluster_nodes) { 0 };
}

static bool node_exists(struct cluster *cluster, const char *name)
{
	CLEANUP(object_unrefp) struct object *node = cluster_get(cluster, CLUSTER_NODES, "", name);
	return node != NULL;
}

static bool find_labelled(struct cluster *cluster, const char *node_id, struct text *name)
{
	CLEANUP_OBJECT_LIST struct object_list found = { 0 };
	cluster_list(cluster, CLUSTER_NODES, node_id, &found);
	if (found.count > 0)
		text_append_string(name, found.items[0]->name);
	return found.count > 0;
}

bool cluster_find_node(struct cluster *cluster, const char *node_id, struct text *name)
{
	CLEANUP_OBJECT_LIST struct object_list found = { 0 };
	cluster_list(cluster, CLUSTER_CSI_NODES, node_id, &found);
	for (size_t i = 0; i < found.count; i++)
		if (node_exists(cluster, found.items[i]->name)) {
			text_append_string(name, found.items[i]->name);
			return true;
		}
	/* The driver is not registered at the moment. Our node plugin takes the node's name as its
	 * id unless --node-id says otherwise. */
	if (node_exists(cluster, node_id)) {
		text_append_string(name, node_id);
		return true;
	}
	return find_labelled(cluster, node_id, name);
}

int cluster_find_address(struct cluster *cluster, const char *node, struct text *address,
			 struct error *err)
{
	CLEANUP_OBJECT_LIST struct object_list slices = { 0 };
	cluster_list(cluster, CLUSTER_SLICES, NULL, &slices);
	const struct endpoint_slice *slice = NULL;
	const struct endpoint *endpoint = NULL;
	for (size_t i = 0; i < slices.count && !(endpoint && endpoint->ready); i++) {
		const struct endpoint_slice *here = endpoint_slice_of(slices.items[i]);
		const struct endpoint *candidate = endpoint_slice_find(here, node);
		if (!candidate)
			continue;
		slice = here;
		endpoint = candidate;
	}
	if (!endpoint)
		return error_set(err, ERROR_UNAVAILABLE,
				 "the node plugin has no address there (EndpointSlices of Service "
				 "%s/%s); is its pod running?",
				 cluster_namespace(cluster), cluster_node_service(cluster));
	if (!endpoint->ready)
		return error_set(err, ERROR_UNAVAILABLE,
				 "the node plugin there is not ready (EndpointSlice %s/%s)",
				 slice->object.namespace, slice->object.name);
	endpoint_append_address(slice, endpoint, address);
	return 0;
}

static bool node_differs(const struct node *before, const struct node *after)
{
	return !before || !after || !pairs_equal(&before->object.labels, &after->object.labels) ||
	       before->ready != after->ready || before->unschedulable != after->unschedulable ||
	       before->tainted != after->tainted;
}

static bool csi_node_differs(const struct csi_node *before, const struct csi_node *after)
{
	return !same_or_none(before ? before->node_id : NULL, after ? after->node_id : NULL);
}

static void changed_endpoints(const struct endpoint_slice *before,
			      const struct endpoint_slice *after,
			      void (*each)(void *context, const char *node), void *context)
{
	for (size_t i = 0; after && i < after->endpoint_count; i++) {
		const struct endpoint *endpoint = &after->endpoints[i];
		if (!endpoint->node)
			continue;
		const struct endpoint *was =
			before ? endpoint_slice_find(before, endpoint->node) : NULL;
		if (!was || !same_or_none(was->address, endpoint->address) ||
		    was->ready != endpoint->ready)
			each(context, endpoint->node);
	}
}

void cluster_changed_nodes(const struct cluster_change *change,
			   void (*each)(void *context, const char *node), void *context)
{
	const void *before = change->before, *after = change->after;
	const struct object *any = change->after ? change->after : change->before;
	if (change->kind == CLUSTER_SLICES)
		changed_endpoints(before, after, each, context);
	else if (change->kind == CLUSTER_NODES && node_differs(before, after))
		each(context, any->name);
	else if (change->kind == CLUSTER_CSI_NODES && csi_node_differs(before, after))
		each(context, any->name);
}
