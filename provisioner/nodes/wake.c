/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/wake.h"

#include "base/same.h"
#include "cluster/node_absence.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "cluster/volume_node.h"
#include "csi/names.h"
#include "kube/claim.h"

/* While the nodes are not listed yet, each volume counts as one whose node is missing. */
static void volume_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct persistent_volume *volume = (const struct persistent_volume *)change->after;
	if (!volume || !persistent_volume_is_ours(volume))
		return;
	CLEANUP_TEXT struct text name = TEXT_INIT;
	const char *id = node_selector_id(&volume->affinity);
	if (pairs_get(&volume->object.annotations, NODE_GONE_SINCE_ANNOTATION) ||
	    (id && !cluster_find_node(change->cluster, id, &name)))
		workqueue_add(queue, volume->object.name);
}

/* A record may have been waiting for its claim to go. */
static void claim_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct claim *gone = change->after ? NULL : (const struct claim *)change->before;
	if (gone && gone->volume_name[0])
		workqueue_add(queue, gone->volume_name);
}

static void wake_volumes_on(struct workqueue *queue, struct cluster *cluster, const char *id)
{
	if (!id)
		return;
	CLEANUP_OBJECT_LIST struct object_list volumes = { 0 };
	volume_node_list(cluster, id, &volumes);
	for (size_t i = 0; i < volumes.count; i++)
		workqueue_add(queue, volumes.items[i]->name);
}

static const char *id_in(const struct cluster_change *change, const struct object *object)
{
	if (!object)
		return NULL;
	return change->kind == CLUSTER_CSI_NODES ? ((const struct csi_node *)object)->node_id
						 : pairs_get(&object->labels, CSI_TOPOLOGY_KEY);
}

/* A node stands for its name, its label and the id that its kubelet has noted. The name counts only
 * where the object comes or goes. */
static void node_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct object *any = change->after ? change->after : change->before;
	const char *before = id_in(change, change->before), *after = id_in(change, change->after);
	bool comes_or_goes = !change->before || !change->after;
	if (!comes_or_goes && same_or_none(before, after))
		return;
	wake_volumes_on(queue, change->cluster, any->name);
	if (!same_or_none(before, any->name))
		wake_volumes_on(queue, change->cluster, before);
	if (!same_or_none(after, any->name) && !same_or_none(after, before))
		wake_volumes_on(queue, change->cluster, after);
}

/* A CSINode may outlive its Node, so its id is known by either. */
static void wake_by_registration(struct workqueue *queue, const struct cluster_change *change)
{
	const struct object *node = change->after ? change->after : change->before;
	CLEANUP(object_unrefp)
	struct object *csi_node = cluster_get(change->cluster, CLUSTER_CSI_NODES, "", node->name);
	const char *id = csi_node ? csi_node_of(csi_node)->node_id : NULL;
	bool comes_or_goes = !change->before || !change->after;
	if (comes_or_goes && !same_or_none(id, node->name))
		wake_volumes_on(queue, change->cluster, id);
}

void node_life_wake(struct workqueue *queue, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_VOLUMES) {
		volume_changed(queue, change);
	} else if (change->kind == CLUSTER_CLAIMS) {
		claim_changed(queue, change);
	} else if (cluster_is_complete(change->cluster)) {
		node_changed(queue, change);
		if (change->kind == CLUSTER_NODES)
			wake_by_registration(queue, change);
	}
}
