/* SPDX-License-Identifier: Apache-2.0 */
#include "group/wake.h"

#include <string.h>

#include "base/same.h"
#include "base/text.h"
#include "cluster/group_content.h"
#include "cluster/group_owner.h"
#include "cluster/persistent_volume.h"
#include "cluster/snapshot.h"
#include "cluster/snapshot_binding.h"
#include "cluster/snapshot_claim.h"
#include "kube/claim.h"

/* No other role's groups begin so. */
#define WAITING "*groups-waiting-in/"
#define CONTENTS "*groups-from/"
#define MEMBERS "*members-of/"
#define OWNERLESS "*members-named-of/"
#define CLAIMS "*claims-of/"

void group_wake_index_claim(const struct object *object, struct text *key)
{
	text_printf(key, CLAIMS "%s", object->namespace);
}

char *group_wake_claims(const char *namespace)
{
	return must_printf(CLAIMS "%s", namespace);
}

char *group_wake_members(const struct object *group)
{
	return must_printf(MEMBERS "%s/%s", group->namespace, group->uid);
}

void group_wake_index(const struct object *object, struct text *key)
{
	const struct group_snapshot *group = (const struct group_snapshot *)object;
	if (group->source_content_name)
		text_printf(key, CONTENTS "%s", group->source_content_name);
	else if (!group->content_name)
		text_printf(key, WAITING "%s", object->namespace);
}

void group_wake_index_member(const struct object *object, struct text *key)
{
	const struct owner *group = group_owner_find(object, NULL);
	const char *name = ((const struct snapshot *)object)->group_name;
	if (group)
		text_printf(key, MEMBERS "%s/%s", object->namespace, group->uid);
	else if (name)
		text_printf(key, OWNERLESS "%s/%s", object->namespace, name);
}

bool group_wake_chooses(const struct group_snapshot *group, const struct object *claim)
{
	return strcmp(claim->namespace, group->object.namespace) == 0 &&
	       !selector_is_empty(&group->selector) &&
	       selector_matches(&group->selector, &claim->labels);
}

static void add(struct workqueue *queue, const char *kind, const char *namespace, const char *name)
{
	CLEANUP_FREE char *key = must_printf("%s%s/%s", kind, namespace, name);
	workqueue_add(queue, key);
}

static void add_group(struct workqueue *queue, const struct object *group)
{
	add(queue, GROUP_KEY, group->namespace, group->name);
}

static void add_content(struct workqueue *queue, const char *name)
{
	CLEANUP_FREE char *key = must_printf(GROUP_CONTENT_KEY "%s", name);
	workqueue_add(queue, key);
}

/* An error in the status is our own write: if it woke the group, a failure would be repeated at
 * once instead of after a while. */
static bool group_differs(const struct group_snapshot *before, const struct group_snapshot *after)
{
	const struct object *old = &before->object, *new = &after->object;
	return !same_or_none(old->uid, new->uid) || old->deleted_s != new->deleted_s ||
	       old->finalizer_count != new->finalizer_count ||
	       !same_or_none(before->class_name, after->class_name) ||
	       !same_or_none(before->content_name, after->content_name) ||
	       before->ready != after->ready || before->taken_s != after->taken_s;
}

static void add_left_members(struct workqueue *queue, struct cluster *cluster, const char *key)
{
	CLEANUP_OBJECT_LIST struct object_list snapshots = { 0 };
	cluster_list(cluster, CLUSTER_SNAPSHOTS, key, &snapshots);
	for (size_t i = 0; i < snapshots.count; i++)
		if (snapshots.items[i]->deleted_s)
			add(queue, GROUP_MEMBER_KEY, snapshots.items[i]->namespace,
			    snapshots.items[i]->name);
}

/* Members that are still there have lost the one that would release them. */
static void group_ended(struct workqueue *queue, struct cluster *cluster,
			const struct object *group)
{
	CLEANUP_FREE char *members = group_wake_members(group);
	CLEANUP_FREE char *ownerless =
		must_printf(OWNERLESS "%s/%s", group->namespace, group->name);
	if (!cluster_is_complete(cluster))
		return;
	add_left_members(queue, cluster, members);
	add_left_members(queue, cluster, ownerless);
}

static void group_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct group_snapshot *before = (const struct group_snapshot *)change->before;
	const struct group_snapshot *after = (const struct group_snapshot *)change->after;
	bool ended = before && (!after || !same_or_none(before->object.uid, after->object.uid));
	const char *content = ended ? before->source_content_name ? before->source_content_name
								  : before->content_name
				    : NULL;
	if (content)
		add_content(queue, content); /* it may be deletable */
	if (ended)
		group_ended(queue, change->cluster, change->before);
	if (after && (!before || group_differs(before, after)))
		add_group(queue, change->after);
}

static bool content_differs(const struct group_content *before, const struct group_content *after)
{
	const struct object *old = &before->object, *new = &after->object;
	return !same_or_none(old->uid, new->uid) || old->deleted_s != new->deleted_s ||
	       old->finalizer_count != new->finalizer_count ||
	       !same_or_none(before->group_uid, after->group_uid) ||
	       !same_or_none(before->group_name, after->group_name) ||
	       !same_or_none(before->group_namespace, after->group_namespace) ||
	       !same_or_none(before->handle, after->handle) ||
	       before->delete_group != after->delete_group || before->ready != after->ready ||
	       before->taken_s != after->taken_s || before->member_count != after->member_count ||
	       !same_or_none(before->error.message, after->error.message);
}

static void add_group_key(struct workqueue *queue, struct cluster *cluster, const char *key)
{
	CLEANUP_OBJECT_LIST struct object_list groups = { 0 };
	cluster_list(cluster, CLUSTER_GROUP_SNAPSHOTS, key, &groups);
	for (size_t i = 0; i < groups.count; i++)
		add_group(queue, groups.items[i]);
}

/* Groups that name the content, and the one that it names; they are the same if all is well. */
static void content_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct group_content *before = (const struct group_content *)change->before;
	const struct group_content *after = (const struct group_content *)change->after;
	const struct group_content *content = after ? after : before;
	if (!group_content_is_ours(content) || (before && after && !content_differs(before, after)))
		return;
	if (after)
		add_content(queue, content->object.name);
	if (content->group_namespace && content->group_name)
		add(queue, GROUP_KEY, content->group_namespace, content->group_name);
	if (content->has_volumes || !cluster_is_complete(change->cluster))
		return;
	CLEANUP_FREE char *key = must_printf(CONTENTS "%s", content->object.name);
	add_group_key(queue, change->cluster, key);
}

/* The name of its group; NULL: it is no member, or nothing says of which. */
static const char *group_name_of(const struct object *snapshot)
{
	const struct owner *owner = group_owner_find(snapshot, NULL);
	return owner ? owner->name : ((const struct snapshot *)snapshot)->group_name;
}

/* A member that has no status yet may have lost its owner: its group is one that is deleted. */
static void add_deleted_groups(struct workqueue *queue, const struct cluster_change *change,
			       const struct object *snapshot)
{
	CLEANUP_OBJECT_LIST struct object_list groups = { 0 };
	size_t length = strlen(GROUP_MEMBER_NAME_PREFIX);
	if (strncmp(snapshot->name, GROUP_MEMBER_NAME_PREFIX, length) != 0 ||
	    !cluster_is_complete(change->cluster))
		return;
	cluster_list(change->cluster, CLUSTER_GROUP_SNAPSHOTS, NULL, &groups);
	for (size_t i = 0; i < groups.count; i++)
		if (groups.items[i]->deleted_s &&
		    strcmp(groups.items[i]->namespace, snapshot->namespace) == 0)
			add_group(queue, groups.items[i]);
}

/* A member is made, and becomes ready, by our own writes. */
static void snapshot_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct object *before = change->before, *after = change->after;
	const struct object *object = after ? after : before;
	const char *group = group_name_of(object);
	if (after && before && before->deleted_s == after->deleted_s)
		; /* not for the group */
	else if (group)
		add(queue, GROUP_KEY, object->namespace, group);
	else
		add_deleted_groups(queue, change, object);
	if (after && after->deleted_s && snapshot_is_member((const struct snapshot *)after))
		add(queue, GROUP_MEMBER_KEY, object->namespace, object->name);
}

static void restore_ended(struct workqueue *queue, const struct cluster_change *change)
{
	const struct claim *before = (const struct claim *)change->before;
	const struct claim *after = (const struct claim *)change->after;
	const struct claim_data_source *source = before ? snapshot_claim_source(before) : NULL;
	if (!source || (after && snapshot_claim_source(after)))
		return;
	CLEANUP(object_unrefp)
	struct object *snapshot = cluster_get(change->cluster, CLUSTER_SNAPSHOTS,
					      before->object.namespace, source->name);
	const char *group = snapshot ? group_name_of(snapshot) : NULL;
	if (group)
		add(queue, GROUP_KEY, snapshot->namespace, group);
}

static bool claim_differs(const struct claim *before, const struct claim *after)
{
	return !before || !after || !same_or_none(before->object.uid, after->object.uid) ||
	       !same_or_none(before->phase, after->phase) ||
	       !same_or_none(before->volume_name, after->volume_name) ||
	       before->object.deleted_s != after->object.deleted_s ||
	       !pairs_equal(&before->object.labels, &after->object.labels);
}

static bool concerns(const struct group_snapshot *group, const struct cluster_change *change)
{
	return (change->before && group_wake_chooses(group, change->before)) ||
	       (change->after && group_wake_chooses(group, change->after));
}

static void add_waiting(struct workqueue *queue, const struct cluster_change *change,
			const char *namespace)
{
	CLEANUP_OBJECT_LIST struct object_list groups = { 0 };
	CLEANUP_FREE char *key = must_printf(WAITING "%s", namespace);
	cluster_list(change->cluster, CLUSTER_GROUP_SNAPSHOTS, key, &groups);
	for (size_t i = 0; i < groups.count; i++)
		if (change->kind != CLUSTER_CLAIMS ||
		    concerns(group_snapshot_of(groups.items[i]), change))
			add_group(queue, groups.items[i]);
}

static void claim_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct claim *before = (const struct claim *)change->before;
	const struct claim *after = (const struct claim *)change->after;
	const struct object *object = after ? change->after : change->before;
	restore_ended(queue, change);
	if (claim_differs(before, after))
		add_waiting(queue, change, object->namespace);
}

static void volume_changed(struct workqueue *queue, const struct cluster_change *change)
{
	const struct persistent_volume *before = (const struct persistent_volume *)change->before;
	const struct persistent_volume *after = (const struct persistent_volume *)change->after;
	if (after && persistent_volume_is_ours(after) && after->claim_namespace &&
	    !(before && same_or_none(before->claim_uid, after->claim_uid)))
		add_waiting(queue, change, after->claim_namespace);
}

/* Of a class or a node, which are rare: all groups that have no content may wait for it. */
static void add_contentless(struct workqueue *queue, const struct cluster_change *change)
{
	CLEANUP_OBJECT_LIST struct object_list groups = { 0 };
	cluster_list(change->cluster, CLUSTER_GROUP_SNAPSHOTS, NULL, &groups);
	for (size_t i = 0; i < groups.count; i++)
		if (!group_snapshot_of(groups.items[i])->content_name)
			add_group(queue, groups.items[i]);
}

void group_wake(struct workqueue *queue, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_GROUP_SNAPSHOTS)
		group_changed(queue, change);
	else if (change->kind == CLUSTER_GROUP_CONTENTS)
		content_changed(queue, change);
	else if (change->kind == CLUSTER_SNAPSHOTS)
		snapshot_changed(queue, change);
	else if (!cluster_is_complete(change->cluster))
		return;
	else if (change->kind == CLUSTER_CLAIMS)
		claim_changed(queue, change);
	else if (change->kind == CLUSTER_VOLUMES)
		volume_changed(queue, change);
	else if (change->kind == CLUSTER_GROUP_CLASSES)
		add_contentless(queue, change);
	else if ((change->kind == CLUSTER_NODES || change->kind == CLUSTER_CSI_NODES) &&
		 !change->before)
		add_contentless(queue, change);
}

void group_wake_all(struct workqueue *queue, struct cluster *cluster)
{
	CLEANUP_OBJECT_LIST struct object_list contents = { 0 };
	CLEANUP_OBJECT_LIST struct object_list snapshots = { 0 };
	add_group_key(queue, cluster, NULL);
	cluster_list(cluster, CLUSTER_GROUP_CONTENTS, NULL, &contents);
	for (size_t i = 0; i < contents.count; i++)
		if (group_content_is_ours(group_content_of(contents.items[i])))
			add_content(queue, contents.items[i]->name);
	cluster_list(cluster, CLUSTER_SNAPSHOTS, NULL, &snapshots);
	for (size_t i = 0; i < snapshots.count; i++)
		if (snapshots.items[i]->deleted_s &&
		    snapshot_is_member(snapshot_of(snapshots.items[i])))
			add(queue, GROUP_MEMBER_KEY, snapshots.items[i]->namespace,
			    snapshots.items[i]->name);
}
