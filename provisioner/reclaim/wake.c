/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/wake.h"

#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "kube/claim.h"
#include "reclaim/plan.h"

void reclaim_index(const struct object *object, struct text *key)
{
	const struct persistent_volume *volume = (const struct persistent_volume *)object;
	if (persistent_volume_is_ours(volume) && volume->node_id)
		text_append_string(key, volume->node_id);
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

static void node_changed(void *context, const char *node)
{
	const struct waiting *waiting = context;
	CLEANUP_OBJECT_LIST struct object_list volumes = { 0 };
	CLEANUP(object_unrefp)
	struct object *csi_node = cluster_get(waiting->cluster, CLUSTER_CSI_NODES, "", node);
	const char *id = csi_node ? csi_node_of(csi_node)->node_id : NULL;
	cluster_list(waiting->cluster, CLUSTER_VOLUMES, id ? id : node, &volumes);
	for (size_t i = 0; i < volumes.count; i++)
		if (volume_wants_reclaim(persistent_volume_of(volumes.items[i]), NULL))
			workqueue_add(waiting->queue, volumes.items[i]->name);
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
