/* SPDX-License-Identifier: Apache-2.0 */
#include "growth/wake.h"

#include "base/same.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "cluster/volume_node.h"
#include "growth/plan.h"

/* The groups of the role provision are nodes of unbound claims; those of reclaim are volumes that
 * wait to be deleted. */
#define GROWING "*growing"
#define NOTED "*grown"

/* What the kubelet has to do waits for no node plugin. */
void growth_index(const struct object *object, struct text *key)
{
	if (growth_waits_for_us((const struct claim *)object))
		text_append_string(key, GROWING);
}

void growth_index_volume(const struct object *object, struct text *key)
{
	if (growth_is_noted(object))
		text_append_string(key, NOTED);
}

/* The kubelet gives a claim back whose request has changed since it was asked for. */
static bool was_given_back(const struct claim *before, const struct claim *after)
{
	return before->growth != CLAIM_GROWTH_NODE_INFEASIBLE &&
	       after->growth == CLAIM_GROWTH_NODE_INFEASIBLE &&
	       after->request_bytes != after->allocated_bytes;
}

/* Other growth states are left out: this role wrote them, or they are the kubelet's own. After
 * NodeResizeInfeasible of an unchanged request nothing would be different. */
static bool claim_differs(const struct claim *before, const struct claim *after)
{
	return !before || !same_or_none(before->object.uid, after->object.uid) ||
	       before->request_bytes != after->request_bytes ||
	       before->capacity_bytes != after->capacity_bytes || was_given_back(before, after) ||
	       !same_or_none(before->volume_name, after->volume_name) ||
	       !same_or_none(before->phase, after->phase);
}

static void claim_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct claim *after = (const struct claim *)change->after;
	if (!after || !claim_differs((const struct claim *)change->before, after))
		return;
	CLEANUP(object_unrefp)
	struct object *volume =
		cluster_get(change->cluster, CLUSTER_VOLUMES, "", after->volume_name);
	if (volume && !persistent_volume_is_ours(persistent_volume_of(volume)))
		return;
	if (growth_is_wanted(after) || (volume && growth_is_noted(volume)))
		workqueue_add_object(queue, after->object.namespace, after->object.name);
}

/* The copy of the claims may be behind that of the volumes, or ahead of it: each looks at the
 * other. */
static void volume_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct persistent_volume *before = (const struct persistent_volume *)change->before;
	const struct persistent_volume *after = (const struct persistent_volume *)change->after;
	if (!after || !persistent_volume_is_ours(after) || !after->claim_namespace ||
	    !after->claim_name)
		return;
	bool noted = growth_is_noted(&after->object);
	if (before && same_or_none(before->claim_uid, after->claim_uid) &&
	    growth_is_noted(&before->object) == noted)
		return;
	CLEANUP(object_unrefp)
	struct object *claim = cluster_get(change->cluster, CLUSTER_CLAIMS, after->claim_namespace,
					   after->claim_name);
	/* While a growth is under way its own write of the note is no news. */
	if (claim && (before ? noted && !growth_is_wanted(claim_of(claim))
			     : noted || growth_is_wanted(claim_of(claim))))
		workqueue_add_object(queue, after->claim_namespace, after->claim_name);
}

struct waiting {
	struct workqueue *queue;
	struct cluster *cluster;
};

static bool is_on(struct cluster *cluster, const struct claim *claim,
		  const struct cluster_nodes *nodes)
{
	CLEANUP(object_unrefp)
	struct object *volume = cluster_get(cluster, CLUSTER_VOLUMES, "", claim->volume_name);
	return volume && persistent_volume_is_ours(persistent_volume_of(volume)) &&
	       volume_node_may_be(persistent_volume_of(volume), nodes);
}

/* The growing claims of the node. */
static void node_changed(void *context, const char *node)
{
	const struct waiting *waiting = context;
	CLEANUP_OBJECT_LIST struct object_list claims = { 0 };
	CLEANUP(cluster_nodes_done) struct cluster_nodes found;
	cluster_nodes_get(waiting->cluster, node, &found);
	cluster_list(waiting->cluster, CLUSTER_CLAIMS, GROWING, &claims);
	for (size_t i = 0; i < claims.count; i++)
		if (is_on(waiting->cluster, claim_of(claims.items[i]), &found))
			workqueue_add_object(waiting->queue, claims.items[i]->namespace,
					     claims.items[i]->name);
}

void growth_wake(struct workqueue *queue, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_CLAIMS)
		claim_changed(queue, change);
	else if (change->kind == CLUSTER_VOLUMES)
		volume_changed(queue, change);
	else if (cluster_is_complete(change->cluster))
		cluster_changed_nodes(change, node_changed,
				      &(struct waiting) { queue, change->cluster });
}

void growth_wake_all(struct workqueue *queue, struct cluster *cluster)
{
	CLEANUP_OBJECT_LIST struct object_list claims = { 0 };
	CLEANUP_OBJECT_LIST struct object_list volumes = { 0 };
	cluster_list(cluster, CLUSTER_CLAIMS, GROWING, &claims);
	for (size_t i = 0; i < claims.count; i++)
		workqueue_add_object(queue, claims.items[i]->namespace, claims.items[i]->name);
	cluster_list(cluster, CLUSTER_VOLUMES, NOTED, &volumes);
	for (size_t i = 0; i < volumes.count; i++) {
		const struct persistent_volume *volume = persistent_volume_of(volumes.items[i]);
		if (volume->claim_namespace && volume->claim_name)
			workqueue_add_object(queue, volume->claim_namespace, volume->claim_name);
	}
}
