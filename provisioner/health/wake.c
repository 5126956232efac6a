/* SPDX-License-Identifier: Apache-2.0 */
#include "health/wake.h"

#include "cluster/node.h"
#include "cluster/persistent_volume.h"

/* A volume of a node that has gone begins the clock of that node; for others its round comes. */
static void volume_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct persistent_volume *after = (const struct persistent_volume *)change->after;
	if (change->before || !after || !persistent_volume_is_ours(after))
		return;
	const char *node_id = node_selector_id(&after->affinity);
	if (node_id)
		workqueue_add(queue, node_id);
}

void health_wake(struct workqueue *queue, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_VOLUMES) {
		volume_changed(queue, change);
		return;
	}
	const struct object *any = change->after ? change->after : change->before;
	if (change->kind == CLUSTER_CSI_NODES && ((const struct csi_node *)any)->node_id)
		workqueue_add(queue, ((const struct csi_node *)any)->node_id);
}
