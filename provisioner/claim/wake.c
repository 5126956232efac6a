/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/wake.h"

#include <string.h>

#include "base/same.h"
#include "claim/plan.h"
#include "claim/source_grant.h"
#include "claim/source_guard.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "cluster/snapshot_content.h"

/* The group of claims that wait for no node in particular. No node can have this name. */
#define UNPLACED "*"

void claim_index(const struct object *object, struct text *key)
{
	const struct claim *claim = (const struct claim *)object;
	if (!claim_concerns_us(claim))
		return;
	/* A copy waits for the node of its source, which the claim does not name. */
	const char *node = claim_plan_node(claim, NULL, NULL);
	text_append_string(key, node ? node : UNPLACED);
}

void claim_unplaced_group(const char *namespace, struct text *group)
{
	text_printf(group, UNPLACED "/%s", namespace);
}

void claim_index_unplaced(const struct object *object, struct text *key)
{
	const struct claim *claim = (const struct claim *)object;
	bool placed = claim_concerns_us(claim) && claim_plan_node(claim, NULL, NULL);
	if (claim_may_concern_us(claim) && !placed)
		claim_unplaced_group(object->namespace, key);
}

static const struct pair *next_annotation(const struct object *object, size_t *at)
{
	const struct pairs *annotations = &object->annotations;
	while (*at < annotations->count &&
	       strcmp(annotations->items[*at].key, CLAIM_INTENT_ANNOTATION) == 0)
		++*at;
	return *at < annotations->count ? &annotations->items[(*at)++] : NULL;
}

/* Other than in the intent. Side by side, since there may be thousands: the API server sorts them,
 * and where it did not, a claim would be looked at once too often. */
static bool annotations_differ(const struct object *a, const struct object *b)
{
	size_t at_a = 0, at_b = 0;
	for (;;) {
		const struct pair *one = next_annotation(a, &at_a);
		const struct pair *other = next_annotation(b, &at_b);
		if (!one || !other)
			return one != other;
		if (strcmp(one->key, other->key) != 0 || strcmp(one->value, other->value) != 0)
			return true;
	}
}

/* Something that a plan depends on, other than the intent; its class may name a Secret by any of
 * the claim's annotations. The intent is our own write: if it woke the claim, a failure would be
 * repeated at once instead of after a while. */
static bool claim_differs(const struct object *before, const struct object *after)
{
	if (!before || !same_or_none(before->uid, after->uid) ||
	    before->deleted_s != after->deleted_s)
		return true;
	const struct claim *old = (const struct claim *)before;
	const struct claim *new = (const struct claim *)after;
	return !same_or_none(old->volume_name, new->volume_name) ||
	       !same_or_none(old->class_name, new->class_name) ||
	       !same_or_none(old->attributes_class_name, new->attributes_class_name) ||
	       annotations_differ(before, after);
}

struct waiting {
	struct workqueue *queue;
	struct cluster *cluster;
};

static void wake_group(const struct waiting *waiting, const char *group)
{
	CLEANUP_OBJECT_LIST struct object_list claims = { 0 };
	cluster_list(waiting->cluster, CLUSTER_CLAIMS, group, &claims);
	for (size_t i = 0; i < claims.count; i++)
		workqueue_add_object(waiting->queue, claims.items[i]->namespace,
				     claims.items[i]->name);
}

/* The claims that are made from this object. */
static void wake_copies(struct workqueue *queue, struct cluster *cluster,
			enum claim_data_source_kind kind, const char *namespace, const char *name)
{
	CLEANUP_TEXT struct text key = TEXT_INIT;
	if (!cluster_is_complete(cluster) || !namespace || !name)
		return;
	claim_source_key(kind, namespace, name, &key);
	wake_group(&(struct waiting) { queue, cluster }, text_string(&key));
}

/* Something that its copies depend on: whether it is there, and whether it is bound. */
static bool source_differs(const struct claim *before, const struct claim *after)
{
	return !before || !after || before->object.deleted_s != after->object.deleted_s ||
	       !same_or_none(before->object.uid, after->object.uid) ||
	       !same_or_none(before->phase, after->phase) ||
	       !same_or_none(before->volume_name, after->volume_name);
}

static void claim_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct object *after = change->after;
	const struct object *any = after ? after : change->before;
	if (after && claim_concerns_us((const struct claim *)after) &&
	    claim_differs(change->before, after))
		workqueue_add_object(queue, after->namespace, after->name);
	if (source_differs((const struct claim *)change->before, (const struct claim *)after))
		wake_copies(queue, change->cluster, CLAIM_FROM_CLAIM, any->namespace, any->name);
}

/* Of its own claim only creation and deletion matter: the claim's intent, or its name for the
 * volume, waits for these. Copies of that claim wait until it is bound. */
static void volume_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct persistent_volume *before = (const struct persistent_volume *)change->before;
	const struct persistent_volume *after = (const struct persistent_volume *)change->after;
	const struct persistent_volume *volume = after ? after : before;
	if (!persistent_volume_is_ours(volume) || !volume->claim_namespace || !volume->claim_name)
		return;
	if (!before || !after)
		workqueue_add_object(queue, volume->claim_namespace, volume->claim_name);
	else if (before->phase != after->phase)
		wake_copies(queue, change->cluster, CLAIM_FROM_CLAIM, volume->claim_namespace,
			    volume->claim_name);
}

static void snapshot_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct object *any = change->after ? change->after : change->before;
	wake_copies(queue, change->cluster, CLAIM_FROM_SNAPSHOT, any->namespace, any->name);
}

static void content_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct snapshot_content *content =
		(const struct snapshot_content *)(change->after ? change->after : change->before);
	wake_copies(queue, change->cluster, CLAIM_FROM_SNAPSHOT, content->snapshot_namespace,
		    content->snapshot_name);
}

/* Of a StorageClass, or of a VolumeAttributesClass. */
static void class_changed(struct workqueue *queue, const struct cluster_change *change)
{
	CLEANUP_OBJECT_LIST struct object_list all = { 0 };
	const struct object *class = change->after ? change->after : change->before;
	cluster_list(change->cluster, CLUSTER_CLAIMS, NULL, &all);
	for (size_t i = 0; i < all.count; i++) {
		const struct claim *claim = claim_of(all.items[i]);
		const char *name = change->kind == CLUSTER_CLASSES ? claim->class_name
								   : claim->attributes_class_name;
		if (same(name, class->name) && claim_concerns_us(claim))
			workqueue_add_object(queue, claim->object.namespace, claim->object.name);
	}
}

static void node_changed(void *context, const char *node)
{
	wake_group(context, node);
	wake_group(context, UNPLACED);
}

void claim_wake(struct workqueue *queue, const struct cluster_change *change)
{
	source_guard_wake(queue, change);
	if (change->kind == CLUSTER_CLAIMS)
		claim_changed(queue, change);
	else if (change->kind == CLUSTER_VOLUMES)
		volume_changed(queue, change);
	else if (change->kind == CLUSTER_SNAPSHOTS)
		snapshot_changed(queue, change);
	else if (change->kind == CLUSTER_SNAPSHOT_CONTENTS)
		content_changed(queue, change);
	else if (change->kind == CLUSTER_REFERENCE_GRANTS)
		source_grant_wake(queue, change);
	else if (!cluster_is_complete(change->cluster))
		return;
	else if (change->kind == CLUSTER_CLASSES || change->kind == CLUSTER_ATTRIBUTES_CLASSES)
		class_changed(queue, change);
	else
		cluster_changed_nodes(change, node_changed,
				      &(struct waiting) { queue, change->cluster });
}
