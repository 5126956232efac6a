/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/wake.h"

#include <string.h>

#include "base/same.h"
#include "base/text.h"
#include "cluster/group_cut.h"
#include "cluster/persistent_volume.h"
#include "cluster/snapshot.h"
#include "cluster/snapshot_claim.h"
#include "cluster/snapshot_content.h"
#include "cluster/snapshot_node.h"
#include "kube/claim.h"

/* No other role's groups begin so. */
#define SOURCES "*snapshots-of/"
#define CONTENTS "*snapshots-from/"

char *snapshot_wake_sources(const char *namespace, const char *claim)
{
	return must_printf(SOURCES "%s/%s", namespace, claim);
}

void snapshot_wake_index(const struct object *object, struct text *key)
{
	const struct snapshot *snapshot = (const struct snapshot *)object;
	if (snapshot->claim_name)
		text_printf(key, SOURCES "%s/%s", object->namespace, snapshot->claim_name);
	else if (snapshot->source_content_name)
		text_printf(key, CONTENTS "%s", snapshot->source_content_name);
}

static void add(struct workqueue *queue, const char *kind, const char *namespace, const char *name)
{
	CLEANUP_FREE char *key = must_printf("%s%s/%s", kind, namespace, name);
	workqueue_add(queue, key);
}

static void add_content(struct workqueue *queue, const char *name)
{
	CLEANUP_FREE char *key = must_printf(SNAPSHOT_CONTENT_KEY "%s", name);
	workqueue_add(queue, key);
}

static void add_group(struct workqueue *queue, struct cluster *cluster, const char *group)
{
	CLEANUP_OBJECT_LIST struct object_list snapshots = { 0 };
	cluster_list(cluster, CLUSTER_SNAPSHOTS, group, &snapshots);
	for (size_t i = 0; i < snapshots.count; i++)
		add(queue, SNAPSHOT_KEY, snapshots.items[i]->namespace, snapshots.items[i]->name);
}

/* An error in the status is our own write: if it woke the snapshot, a failure would be repeated at
 * once instead of after a while. */
static bool snapshot_differs(const struct snapshot *before, const struct snapshot *after)
{
	const struct object *old = &before->object, *new = &after->object;
	return !same_or_none(old->uid, new->uid) || old->deleted_s != new->deleted_s ||
	       old->finalizer_count != new->finalizer_count ||
	       !same_or_none(before->class_name, after->class_name) ||
	       !same_or_none(before->content_name, after->content_name) ||
	       before->ready != after->ready || before->taken_s != after->taken_s ||
	       before->restore_bytes != after->restore_bytes;
}

/* Its source need not be kept for it any more, and its content may be deletable. */
static void snapshot_ended(struct workqueue *queue, const struct snapshot *snapshot)
{
	if (snapshot->claim_name)
		add(queue, SNAPSHOT_CLAIM_KEY, snapshot->object.namespace, snapshot->claim_name);
	const char *content = snapshot->source_content_name ? snapshot->source_content_name
							    : snapshot->content_name;
	if (content)
		add_content(queue, content);
}

static void snapshot_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct snapshot *before = (const struct snapshot *)change->before;
	const struct snapshot *after = (const struct snapshot *)change->after;
	if (before && (!after || !same_or_none(before->object.uid, after->object.uid)))
		snapshot_ended(queue, before);
	if (!after || (before && !snapshot_differs(before, after)))
		return;
	add(queue, SNAPSHOT_KEY, after->object.namespace, after->object.name);
	if (before && !before->ready && after->ready && after->claim_name)
		add(queue, SNAPSHOT_CLAIM_KEY, after->object.namespace, after->claim_name);
}

static bool content_differs(const struct snapshot_content *before,
			    const struct snapshot_content *after)
{
	const struct object *old = &before->object, *new = &after->object;
	return !same_or_none(old->uid, new->uid) || old->deleted_s != new->deleted_s ||
	       old->finalizer_count != new->finalizer_count ||
	       !same_or_none(before->snapshot_uid, after->snapshot_uid) ||
	       !same_or_none(before->snapshot_name, after->snapshot_name) ||
	       !same_or_none(before->snapshot_namespace, after->snapshot_namespace) ||
	       before->delete_snapshot != after->delete_snapshot || before->ready != after->ready ||
	       before->taken_ns != after->taken_ns ||
	       before->restore_bytes != after->restore_bytes ||
	       !same_or_none(before->error.message, after->error.message);
}

/* Snapshots that name the content, and the one that it names; they are the same if all is well. */
static void content_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct snapshot_content *before = (const struct snapshot_content *)change->before;
	const struct snapshot_content *after = (const struct snapshot_content *)change->after;
	const struct snapshot_content *content = after ? after : before;
	if (!snapshot_content_is_ours(content) ||
	    (before && after && !content_differs(before, after)))
		return;
	if (after)
		add_content(queue, content->object.name);
	if (content->snapshot_namespace && content->snapshot_name)
		add(queue, SNAPSHOT_KEY, content->snapshot_namespace, content->snapshot_name);
	if (content->volume_handle || !cluster_is_complete(change->cluster))
		return;
	CLEANUP_FREE char *group = must_printf(CONTENTS "%s", content->object.name);
	add_group(queue, change->cluster, group);
}

static void restore_ended(struct workqueue *queue, const struct claim *before,
			  const struct claim *after)
{
	const struct claim_data_source *source = before ? snapshot_claim_source(before) : NULL;
	if (source && (!after || !snapshot_claim_source(after)))
		add(queue, SNAPSHOT_KEY, before->object.namespace, source->name);
}

static bool source_differs(const struct claim *before, const struct claim *after)
{
	return !before || !after || !same_or_none(before->object.uid, after->object.uid) ||
	       !same_or_none(before->phase, after->phase) ||
	       !same_or_none(before->volume_name, after->volume_name) ||
	       before->object.deleted_s != after->object.deleted_s;
}

static void claim_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct claim *before = (const struct claim *)change->before;
	const struct claim *after = (const struct claim *)change->after;
	const struct object *object = after ? change->after : change->before;
	restore_ended(queue, before, after);
	if (!source_differs(before, after))
		return;
	if (after && snapshot_claim_is_protected(object))
		add(queue, SNAPSHOT_CLAIM_KEY, object->namespace, object->name);
	if (!cluster_is_complete(change->cluster))
		return;
	CLEANUP_FREE char *group = snapshot_wake_sources(object->namespace, object->name);
	add_group(queue, change->cluster, group);
}

static void add_claim_of(struct workqueue *queue, struct cluster *cluster, const char *handle)
{
	CLEANUP(object_unrefp) struct object *object = snapshot_node_find_volume(cluster, handle);
	const struct persistent_volume *volume = object ? persistent_volume_of(object) : NULL;
	if (volume && volume->claim_namespace && volume->claim_name)
		add(queue, SNAPSHOT_CLAIM_KEY, volume->claim_namespace, volume->claim_name);
}

/* A group has been cut, or never will be: its claims need not be kept for it any more. */
static void group_content_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct group_content *before = (const struct group_content *)change->before;
	const struct group_content *after = (const struct group_content *)change->after;
	if (!before || !group_cut_is_under_way(before) || (after && group_cut_is_under_way(after)))
		return;
	for (size_t i = 0; i < before->volume_count; i++)
		add_claim_of(queue, change->cluster, before->volume_handles[i]);
}

static void volume_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct persistent_volume *before = (const struct persistent_volume *)change->before;
	const struct persistent_volume *after = (const struct persistent_volume *)change->after;
	if (!after || !persistent_volume_is_ours(after) || !after->claim_namespace ||
	    !after->claim_name || (before && same_or_none(before->claim_uid, after->claim_uid)))
		return;
	CLEANUP_FREE char *group = snapshot_wake_sources(after->claim_namespace, after->claim_name);
	add_group(queue, change->cluster, group);
}

/* Of a class, which is rare, all snapshots that have no content may wait for it. */
static void class_changed(struct workqueue *queue, const struct cluster_change *change)
{
	CLEANUP_OBJECT_LIST struct object_list snapshots = { 0 };
	cluster_list(change->cluster, CLUSTER_SNAPSHOTS, NULL, &snapshots);
	for (size_t i = 0; i < snapshots.count; i++)
		if (!snapshot_of(snapshots.items[i])->content_name)
			add(queue, SNAPSHOT_KEY, snapshots.items[i]->namespace,
			    snapshots.items[i]->name);
}

void snapshot_wake(struct workqueue *queue, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_SNAPSHOTS)
		snapshot_changed(queue, change);
	else if (change->kind == CLUSTER_SNAPSHOT_CONTENTS)
		content_changed(queue, change);
	else if (change->kind == CLUSTER_CLAIMS)
		claim_changed(queue, change);
	else if (!cluster_is_complete(change->cluster))
		return;
	else if (change->kind == CLUSTER_GROUP_CONTENTS)
		group_content_changed(queue, change);
	else if (change->kind == CLUSTER_VOLUMES)
		volume_changed(queue, change);
	else if (change->kind == CLUSTER_SNAPSHOT_CLASSES)
		class_changed(queue, change);
}

void snapshot_wake_all(struct workqueue *queue, struct cluster *cluster)
{
	CLEANUP_OBJECT_LIST struct object_list contents = { 0 };
	CLEANUP_OBJECT_LIST struct object_list claims = { 0 };
	add_group(queue, cluster, NULL);
	cluster_list(cluster, CLUSTER_SNAPSHOT_CONTENTS, NULL, &contents);
	for (size_t i = 0; i < contents.count; i++)
		if (snapshot_content_is_ours(snapshot_content_of(contents.items[i])))
			add_content(queue, contents.items[i]->name);
	cluster_list(cluster, CLUSTER_CLAIMS, SNAPSHOT_CLAIM_PROTECTED, &claims);
	for (size_t i = 0; i < claims.count; i++)
		add(queue, SNAPSHOT_CLAIM_KEY, claims.items[i]->namespace, claims.items[i]->name);
}
