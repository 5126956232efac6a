/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/volume_node.h"

#include <stdarg.h>
#include <stdio.h>

static int unclear(struct error *err, const char *format, ...)
{
	char why[ERROR_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	return error_set(err, ERROR_INVALID,
			 "spec.nodeAffinity: %s, so it is unknown where the data are. Write the "
			 "PersistentVolume again with an affinity to the one node that has them",
			 why);
}

static size_t find_matches(const struct persistent_volume *volume,
			   const struct cluster_nodes *nodes,
			   const struct node_view *ret_matches[2])
{
	size_t count = 0;
	for (size_t i = 0; i < nodes->count; i++) {
		if (!node_selector_matches(&volume->affinity, &nodes->views[i]))
			continue;
		if (count < 2)
			ret_matches[count] = &nodes->views[i];
		count++;
	}
	return count;
}

int volume_node_find(const struct persistent_volume *volume, const struct cluster_nodes *nodes,
		     const char **ret_node, struct error *err)
{
	const struct node_view *matches[2];
	size_t count = find_matches(volume, nodes, matches);
	const char *missing = node_selector_missing(&volume->affinity, nodes);
	if (volume->affinity.term_count == 0)
		return unclear(err, "there is none");
	if (count > 1)
		return unclear(err, "it matches %zu nodes (\"%s\", \"%s\"%s)", count,
			       matches[0]->node->object.name, matches[1]->node->object.name,
			       count > 2 ? ", …" : "");
	if (count == 1 && missing)
		return unclear(err,
			       "it matches node \"%s\" and names node \"%s\", which is not in the "
			       "cluster",
			       matches[0]->node->object.name, missing);
	if (missing)
		return error_set(err, ERROR_UNAVAILABLE,
				 "node \"%s\", which holds the data, is not in the cluster; it is "
				 "tried again when the node comes back",
				 missing);
	if (count == 0)
		return unclear(err, "it matches no node of the cluster");
	*ret_node = matches[0]->node->object.name;
	return 0;
}

void volume_node_candidates(struct cluster *cluster, const struct persistent_volume *volume,
			    struct cluster_nodes *ret_nodes)
{
	CLEANUP_TEXT struct text name = TEXT_INIT;
	const char *id = node_selector_id(&volume->affinity);
	if (!id)
		cluster_nodes_get(cluster, NULL, ret_nodes);
	else if (cluster_find_node(cluster, id, &name))
		cluster_nodes_get(cluster, text_string(&name), ret_nodes);
	else
		*ret_nodes = (struct cluster_nodes) { 0 };
}

/* Other groups of volumes do not begin so. */
#define ON "*on/"

void volume_node_index(const struct object *object, struct text *key)
{
	const struct persistent_volume *volume = (const struct persistent_volume *)object;
	const char *id =
		persistent_volume_is_ours(volume) ? node_selector_id(&volume->affinity) : NULL;
	if (id)
		text_printf(key, ON "%s", id);
}

void volume_node_list(struct cluster *cluster, const char *node_id, struct object_list *ret_volumes)
{
	CLEANUP_FREE char *group = must_printf(ON "%s", node_id);
	cluster_list(cluster, CLUSTER_VOLUMES, group, ret_volumes);
}

bool volume_node_may_be(const struct persistent_volume *volume, const struct cluster_nodes *node)
{
	return node->count == 0 || node_selector_matches(&volume->affinity, &node->views[0]);
}
