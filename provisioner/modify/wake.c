/* SPDX-License-Identifier: Apache-2.0 */
#include "modify/wake.h"

#include <string.h>

#include "base/same.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "cluster/volume_node.h"
#include "modify/plan.h"

/* Other roles have groups of other names for claims. */
#define MODIFYING "*modifying"

void modify_index(const struct object *object, struct text *key)
{
	if (modify_is_wanted((const struct claim *)object))
		text_append_string(key, MODIFYING);
}

/* The state of the modification is left out: this role wrote it. If it woke the claim, a failure
 * would be repeated at once instead of after a while. */
static bool claim_differs(const struct claim *before, const struct claim *after)
{
	return !before || !same_or_none(before->object.uid, after->object.uid) ||
	       !same_or_none(before->attributes_class_name, after->attributes_class_name) ||
	       !same_or_none(before->current_attributes_class, after->current_attributes_class) ||
	       !same_or_none(before->volume_name, after->volume_name) ||
	       !same_or_none(before->phase, after->phase);
}

static void claim_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct claim *before = (const struct claim *)change->before;
	const struct claim *after = (const struct claim *)change->after;
	const struct object *any = change->after ? change->after : change->before;
	if (after && !claim_differs(before, after))
		return;
	/* One that is gone or has what it wants is looked at too: what is remembered of it goes. */
	if ((after && modify_is_wanted(after)) || (before && modify_is_wanted(before)))
		workqueue_add_object(queue, any->namespace, any->name);
}

/* The copy of the claims may be behind that of the volumes, or ahead of it: each looks at the
 * other. */
static void volume_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct persistent_volume *before = (const struct persistent_volume *)change->before;
	const struct persistent_volume *after = (const struct persistent_volume *)change->after;
	if (!after || !persistent_volume_is_ours(after) || !after->claim_namespace ||
	    !after->claim_name || (before && same_or_none(before->claim_uid, after->claim_uid)))
		return;
	CLEANUP(object_unrefp)
	struct object *claim = cluster_get(change->cluster, CLUSTER_CLAIMS, after->claim_namespace,
					   after->claim_name);
	if (claim && modify_is_wanted(claim_of(claim)))
		workqueue_add_object(queue, after->claim_namespace, after->claim_name);
}

struct waiting {
	struct workqueue *queue;
	struct cluster *cluster;
	const char *class;		  /* NULL: any */
	const struct cluster_nodes *node; /* NULL: any */
};

static bool is_on(struct cluster *cluster, const struct claim *claim,
		  const struct cluster_nodes *nodes)
{
	CLEANUP(object_unrefp)
	struct object *volume = cluster_get(cluster, CLUSTER_VOLUMES, "", claim->volume_name);
	return volume && persistent_volume_is_ours(persistent_volume_of(volume)) &&
	       volume_node_may_be(persistent_volume_of(volume), nodes);
}

/* Which of the two is the target depends on what is remembered of the claim. */
static bool names_class(const struct claim *claim, const char *class)
{
	return (claim->attributes_class_name && strcmp(claim->attributes_class_name, class) == 0) ||
	       (claim->modify_target && strcmp(claim->modify_target, class) == 0);
}

static bool waits_for(const struct claim *claim, const struct waiting *waiting)
{
	if (waiting->class && !names_class(claim, waiting->class))
		return false;
	return !waiting->node ||
	       (modify_waits_for_node(claim) && is_on(waiting->cluster, claim, waiting->node));
}

static void wake_claims(const struct waiting *waiting)
{
	CLEANUP_OBJECT_LIST struct object_list claims = { 0 };
	cluster_list(waiting->cluster, CLUSTER_CLAIMS, MODIFYING, &claims);
	for (size_t i = 0; i < claims.count; i++)
		if (waits_for(claim_of(claims.items[i]), waiting))
			workqueue_add_object(waiting->queue, claims.items[i]->namespace,
					     claims.items[i]->name);
}

static void node_changed(void *context, const char *node)
{
	struct waiting waiting = *(const struct waiting *)context;
	CLEANUP(cluster_nodes_done) struct cluster_nodes found;
	cluster_nodes_get(waiting.cluster, node, &found);
	waiting.node = &found;
	wake_claims(&waiting);
}

/* A class is immutable, but one that was deleted may be made again with other parameters. */
static void class_changed(const struct waiting *waiting, const struct cluster_change *change)
{
	struct waiting for_class = *waiting;
	if (!change->after ||
	    (change->before && same_or_none(change->before->uid, change->after->uid)))
		return;
	for_class.class = change->after->name;
	wake_claims(&for_class);
}

void modify_wake(struct workqueue *queue, const struct cluster_change *change)
{
	struct waiting waiting = { .queue = queue, .cluster = change->cluster };
	if (change->kind == CLUSTER_CLAIMS)
		claim_changed(queue, change);
	else if (change->kind == CLUSTER_VOLUMES)
		volume_changed(queue, change);
	else if (!cluster_is_complete(change->cluster))
		return;
	else if (change->kind == CLUSTER_ATTRIBUTES_CLASSES)
		class_changed(&waiting, change);
	else
		cluster_changed_nodes(change, node_changed, &waiting);
}

void modify_wake_all(struct workqueue *queue, struct cluster *cluster)
{
	wake_claims(&(struct waiting) { .queue = queue, .cluster = cluster });
}
