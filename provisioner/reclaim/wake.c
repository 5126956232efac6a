/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/wake.h"

#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "cluster/volume_node.h"
#include "cluster/volume_release.h"
#include "kube/claim.h"

#define WAITING "*" /* the only group */

void reclaim_index(const struct object *object, struct text *key)
{
	if (volume_wants_reclaim((const struct persistent_volume *)object, NULL))
		text_append_string(key, WAITING);
}

static void volume_changed(struct workqueue *queue, const struct object *volume)
{
	if (volume && persistent_volume_is_ours((const struct persistent_volume *)volume))
		workqueue_add(queue, volume->name);
}

/* A volume may have been waiting for its claim to go. */
static void claim_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct claim *gone = change->after ? NULL : (const struct claim *)change->before;
	if (gone && gone->volume_name[0])
		workqueue_add(queue, gone->volume_name);
}

struct waiting {
	struct workqueue *queue;
	struct cluster *cluster;
};

/* The volumes whose affinity matches the node. */
static void node_changed(void *context, const char *node)
{
	const struct waiting *waiting = context;
	CLEANUP_OBJECT_LIST struct object_list volumes = { 0 };
	CLEANUP(cluster_nodes_done) struct cluster_nodes found;
	cluster_nodes_get(waiting->cluster, node, &found);
	cluster_list(waiting->cluster, CLUSTER_VOLUMES, WAITING, &volumes);
	for (size_t i = 0; i < volumes.count; i++) {
		const struct persistent_volume *volume = persistent_volume_of(volumes.items[i]);
		if (volume_node_may_be(volume, &found))
			workqueue_add(waiting->queue, volume->object.name);
	}
}

void reclaim_wake(struct workqueue *queue, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_VOLUMES)
		volume_changed(queue, change->after);
	else if (change->kind == CLUSTER_CLAIMS)
		claim_changed(queue, change);
	else if (cluster_is_complete(change->cluster))
		cluster_changed_nodes(change, node_changed,
				      &(struct waiting) { queue, change->cluster });
}
