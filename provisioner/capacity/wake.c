/* SPDX-License-Identifier: Apache-2.0 */
#include "capacity/wake.h"

#include <string.h>

#include "cluster/class.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "cluster/storage_capacity.h"

/* The group of objects whose topology is no node. No node can have this id. */
#define NO_NODE "*"

void capacity_index(const struct object *object, struct text *key)
{
	const char *node_id = ((const struct storage_capacity *)object)->node_id;
	text_append_string(key, node_id ? node_id : NO_NODE);
}

/* One that appears counts too, though it is mostly our own: its node or class may have gone before
 * our copy showed it. */
static void object_changed(struct workqueue *queue, const struct cluster_change *change)
{
	CLEANUP_TEXT struct text key = TEXT_INIT;
	capacity_index(change->after ? change->after : change->before, &key);
	workqueue_add(queue, text_string(&key));
}

static bool is_ours(const struct object *class)
{
	return class && strcmp(((const struct class *)class)->provisioner, CSI_DRIVER_NAME) == 0;
}

static void class_changed(struct workqueue *queue, const struct cluster_change *change)
{
	CLEANUP_OBJECT_LIST struct object_list nodes = { 0 };
	if (!is_ours(change->before) && !is_ours(change->after))
		return;
	cluster_list(change->cluster, CLUSTER_CSI_NODES, NULL, &nodes);
	for (size_t i = 0; i < nodes.count; i++)
		if (csi_node_of(nodes.items[i])->node_id)
			workqueue_add(queue, csi_node_of(nodes.items[i])->node_id);
}

/* A volume's record is written after its data are made, and deleted after them. */
static void volume_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct persistent_volume *before = (const struct persistent_volume *)change->before;
	const struct persistent_volume *after = (const struct persistent_volume *)change->after;
	const struct persistent_volume *any = after ? after : before;
	if (before && after && before->capacity_bytes == after->capacity_bytes)
		return;
	const char *node_id = node_selector_id(&any->affinity);
	if (persistent_volume_is_ours(any) && node_id)
		workqueue_add(queue, node_id);
}

static void registration_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct csi_node *before = (const struct csi_node *)change->before;
	const struct csi_node *after = (const struct csi_node *)change->after;
	const char *was = before ? before->node_id : NULL;
	const char *is = after ? after->node_id : NULL;
	if (was && is && strcmp(was, is) == 0)
		return;
	if (was)
		workqueue_add(queue, was);
	if (is)
		workqueue_add(queue, is);
}

struct waiting {
	struct workqueue *queue;
	struct cluster *cluster;
};

void capacity_wake_node(struct workqueue *queue, struct cluster *cluster, const char *node)
{
	CLEANUP(object_unrefp)
	struct object *object = cluster_get(cluster, CLUSTER_CSI_NODES, "", node);
	if (object && csi_node_of(object)->node_id)
		workqueue_add(queue, csi_node_of(object)->node_id);
}

static void node_changed(void *context, const char *node)
{
	const struct waiting *waiting = context;
	capacity_wake_node(waiting->queue, waiting->cluster, node);
}

void capacity_wake(struct workqueue *queue, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_CAPACITIES)
		object_changed(queue, change);
	else if (change->kind == CLUSTER_CSI_NODES)
		registration_changed(queue, change);
	else if (!cluster_is_complete(change->cluster))
		return;
	else if (change->kind == CLUSTER_CLASSES)
		class_changed(queue, change);
	else if (change->kind == CLUSTER_VOLUMES)
		volume_changed(queue, change);
	else
		cluster_changed_nodes(change, node_changed,
				      &(struct waiting) { queue, change->cluster });
}
