/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/snapshot_node.h"

#include <string.h>

#include "base/same.h"
#include "cluster/nodes.h"
#include "cluster/volume_node.h"

/* Other groups of volumes begin with "*". */
#define HANDLE "handle="

void snapshot_node_index_volume(const struct object *object, struct text *key)
{
	const struct persistent_volume *volume = (const struct persistent_volume *)object;
	if (persistent_volume_is_ours(volume) && strcmp(volume->handle, object->name) != 0)
		text_printf(key, HANDLE "%s", volume->handle);
}

static bool is_of(const struct object *object, const char *handle)
{
	const struct persistent_volume *volume = (const struct persistent_volume *)object;
	return volume && persistent_volume_is_ours(volume) && strcmp(volume->handle, handle) == 0;
}

/* A volume that we made is called by its handle. */
struct object *snapshot_node_find_volume(struct cluster *cluster, const char *handle)
{
	CLEANUP(object_unrefp)
	struct object *named = cluster_get(cluster, CLUSTER_VOLUMES, "", handle);
	CLEANUP_OBJECT_LIST struct object_list others = { 0 };
	CLEANUP_TEXT struct text key = TEXT_INIT;
	if (is_of(named, handle))
		return TAKE(named);
	text_printf(&key, HANDLE "%s", handle);
	cluster_list(cluster, CLUSTER_VOLUMES, text_string(&key), &others);
	for (size_t i = 0; i < others.count; i++)
		if (is_of(others.items[i], handle))
			return object_ref(others.items[i]);
	return NULL;
}

/* Our driver's id of the node; NULL: the driver is not registered there. */
static const char *id_of(struct cluster *cluster, const char *name, struct arena *arena)
{
	CLEANUP(object_unrefp)
	struct object *csi_node = cluster_get(cluster, CLUSTER_CSI_NODES, "", name);
	const char *id = csi_node ? csi_node_of(csi_node)->node_id : NULL;
	return id ? arena_strdup(arena, id) : NULL;
}

static void set_lost(struct snapshot_node *node, const char *name)
{
	node->known = true;
	error_set(&node->lost, ERROR_UNAVAILABLE,
		  "node \"%s\", which holds the data, is not in the cluster; it is tried again "
		  "when the node comes back",
		  name);
}

static bool find_by_annotation(struct cluster *cluster, const struct object *content,
			       struct arena *arena, struct snapshot_node *node)
{
	CLEANUP_TEXT struct text name = TEXT_INIT;
	const char *id = pairs_get(&content->annotations, SNAPSHOT_NODE_ANNOTATION);
	if (!id || !*id)
		return false;
	node->known = true;
	node->node_id = arena_strdup(arena, id);
	if (cluster_find_node(cluster, id, &name))
		node->name = arena_strdup(arena, text_string(&name));
	else
		set_lost(node, id);
	return true;
}

static bool find_by_label(struct cluster *cluster, const struct object *content,
			  struct arena *arena, struct snapshot_node *node)
{
	const char *name = pairs_get(&content->labels, SNAPSHOT_MANAGED_BY_LABEL);
	const char *id = name ? id_of(cluster, name, arena) : NULL;
	if (!id)
		return false;
	node->known = true;
	node->name = arena_strdup(arena, name);
	node->node_id = id;
	return true;
}

void snapshot_node_of_volume(struct cluster *cluster, const struct persistent_volume *volume,
			     struct arena *arena, struct snapshot_node *ret_node)
{
	CLEANUP(cluster_nodes_done) struct cluster_nodes nodes = { 0 };
	const char *name = NULL;
	volume_node_candidates(cluster, volume, &nodes);
	*ret_node = (struct snapshot_node) { .known = true };
	if (volume_node_find(volume, &nodes, &name, &ret_node->lost) < 0) {
		error_prefix(&ret_node->lost, "PersistentVolume \"%s\"", volume->object.name);
		return;
	}
	const char *id = id_of(cluster, name, arena);
	ret_node->name = arena_strdup(arena, name);
	ret_node->node_id = id ? id : ret_node->name;
}

static bool find_by_volume(struct cluster *cluster, const char *handle, struct arena *arena,
			   struct snapshot_node *node)
{
	CLEANUP(object_unrefp)
	struct object *volume = handle ? snapshot_node_find_volume(cluster, handle) : NULL;
	if (!volume)
		return false;
	snapshot_node_of_volume(cluster, persistent_volume_of(volume), arena, node);
	return true;
}

bool snapshot_node_is_noted(struct cluster *cluster, const struct object *content,
			    struct arena *arena, struct snapshot_node *ret_node)
{
	*ret_node = (struct snapshot_node) { 0 };
	error_set(&ret_node->lost, ERROR_NOT_FOUND, "it is not known which node has the data");
	return find_by_annotation(cluster, content, arena, ret_node) ||
	       find_by_label(cluster, content, arena, ret_node);
}

void snapshot_node_set_labelled(const struct object *content, struct snapshot_node *node)
{
	const char *label = pairs_get(&content->labels, SNAPSHOT_MANAGED_BY_LABEL);
	if (label && *label)
		set_lost(node, label);
}

bool snapshot_node_differs(const struct object *before, const struct object *after)
{
	return !same_or_none(pairs_get(&before->annotations, SNAPSHOT_NODE_ANNOTATION),
			     pairs_get(&after->annotations, SNAPSHOT_NODE_ANNOTATION)) ||
	       !same_or_none(pairs_get(&before->labels, SNAPSHOT_MANAGED_BY_LABEL),
			     pairs_get(&after->labels, SNAPSHOT_MANAGED_BY_LABEL));
}

void snapshot_node_find(struct cluster *cluster, const struct snapshot_content *content,
			struct arena *arena, struct snapshot_node *ret_node)
{
	if (!snapshot_node_is_noted(cluster, &content->object, arena, ret_node) &&
	    !find_by_volume(cluster, content->volume_handle, arena, ret_node))
		snapshot_node_set_labelled(&content->object, ret_node);
}
