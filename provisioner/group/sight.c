/* SPDX-License-Identifier: Apache-2.0 */
#include "group/sight.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cluster/group_node.h"
#include "cluster/snapshot_claim.h"
#include "cluster/snapshot_node.h"
#include "group/manifest.h"
#include "group/member_plan.h"
#include "group/wake.h"

/* Looks at the classes of groups, which are few. */
static void look_at_classes(struct cluster *cluster, struct group_sight *sight)
{
	CLEANUP_OBJECT_LIST struct object_list classes = { 0 };
	const char *name = group_snapshot_of(sight->group)->class_name;
	cluster_list(cluster, CLUSTER_GROUP_CLASSES, NULL, &classes);
	for (size_t i = 0; i < classes.count; i++) {
		const struct group_class *class = group_class_of(classes.items[i]);
		if (!group_class_is_ours(class)) {
			sight->view.foreign_classes = true;
		} else if (class->is_default) {
			if (!sight->default_class)
				sight->default_class = object_ref(classes.items[i]);
			sight->view.default_count++;
		}
	}
	if (name)
		sight->class = cluster_get(cluster, CLUSTER_GROUP_CLASSES, "", name);
}

static char *content_name_of(const struct group_snapshot *group)
{
	return group->source_content_name ? must_strdup(group->source_content_name)
	       : group->content_name	  ? must_strdup(group->content_name)
					  : group_manifest_name(group);
}

/* Takes the reference to the claim. */
static void add_choice(struct cluster *cluster, struct object *claim, struct group_sight *sight)
{
	size_t size = (sight->choice_count + 1) * sizeof(*sight->choices);
	const char *name = claim_of(claim)->volume_name;
	struct object *volume = *name ? cluster_get(cluster, CLUSTER_VOLUMES, "", name) : NULL;
	sight->choices = must_realloc(sight->choices, size);
	sight->choices[sight->choice_count++] = (struct group_choice_sight) {
		.claim = claim,
		.volume = volume,
	};
}

static const char *handle_of(const struct group_choice_sight *choice)
{
	const char *handle = choice->volume ? persistent_volume_of(choice->volume)->handle : NULL;
	return handle ? handle : "";
}

static int compare_choices(const void *a, const void *b)
{
	const struct group_choice_sight *one = a, *other = b;
	int r = strcmp(handle_of(one), handle_of(other));
	return r ? r : strcmp(one->claim->name, other->claim->name);
}

/* Looks for the node of the volumes that are ours: those of others are an obstacle before it. */
static void find_node(struct cluster *cluster, struct group_sight *sight)
{
	CLEANUP_FREE const char **handles =
		must_alloc((sight->choice_count + 1) * sizeof(*handles));
	struct snapshot_node node = { 0 };
	struct error *apart = &sight->view.apart;
	size_t count = 0;
	for (size_t i = 0; i < sight->choice_count; i++) {
		struct object *volume = sight->choices[i].volume;
		if (volume && persistent_volume_is_ours(persistent_volume_of(volume)))
			handles[count++] = persistent_volume_of(volume)->handle;
	}
	if (count == 0)
		return;
	int r = group_node_of_volumes(cluster, handles, count, sight->arena, &node, apart);
	if (r == 0 && !node.name)
		*apart = node.lost;
	else if (r == 0)
		apart->code = ERROR_NONE;
}

/* Nothing is made yet: what the selector matches. */
static void choose_claims(struct cluster *cluster, struct group_sight *sight)
{
	const struct group_snapshot *group = group_snapshot_of(sight->group);
	CLEANUP_OBJECT_LIST struct object_list claims = { 0 };
	if (selector_is_empty(&group->selector))
		return;
	CLEANUP_FREE char *key = group_wake_claims(group->object.namespace);
	cluster_list(cluster, CLUSTER_CLAIMS, key, &claims);
	for (size_t i = 0; i < claims.count; i++)
		if (group_wake_chooses(group, claims.items[i]))
			add_choice(cluster, object_ref(claims.items[i]), sight);
	if (sight->choice_count > 1)
		qsort(sight->choices, sight->choice_count, sizeof(*sight->choices),
		      compare_choices);
	find_node(cluster, sight);
}

/* While they are cut: the claims of the content's volumes. */
static void look_at_sources(struct cluster *cluster, const struct group_content *content,
			    struct group_sight *sight)
{
	for (size_t i = 0; i < content->volume_count; i++) {
		CLEANUP(object_unrefp)
		struct object *object =
			snapshot_node_find_volume(cluster, content->volume_handles[i]);
		const struct persistent_volume *volume =
			object ? persistent_volume_of(object) : NULL;
		CLEANUP(object_unrefp) struct object *claim = NULL;
		if (volume && volume->claim_namespace && volume->claim_name)
			claim = cluster_get(cluster, CLUSTER_CLAIMS, volume->claim_namespace,
					    volume->claim_name);
		if (claim && persistent_volume_is_of(volume, claim_of(claim)))
			add_choice(cluster, TAKE(claim), sight);
	}
}

static void add_part(struct group_sight *sight, const struct group_part_sight *part)
{
	size_t size = (sight->part_count + 1) * sizeof(*sight->parts);
	sight->parts = must_realloc(sight->parts, size);
	sight->parts[sight->part_count++] = *part;
}

static void look_at_member(struct cluster *cluster, struct group_sight *sight,
			   const struct group_member *member)
{
	const struct group_snapshot *group = group_snapshot_of(sight->group);
	struct group_part_sight part = { .member = member };
	const char *handle = member->volume_handle;
	if (handle) {
		CLEANUP_FREE char *name = group_manifest_member_name(group, handle);
		CLEANUP_FREE char *content = group_manifest_member_content_name(group, handle);
		part.snapshot =
			cluster_get(cluster, CLUSTER_SNAPSHOTS, group->object.namespace, name);
		part.content = cluster_get(cluster, CLUSTER_SNAPSHOT_CONTENTS, "", content);
		part.volume = snapshot_node_find_volume(cluster, handle);
	}
	add_part(sight, &part);
}

/* Once it is cut, and until all of its members are whole. */
static void look_at_members(struct cluster *cluster, struct group_sight *sight)
{
	const struct group_content *content = group_content_of(sight->content);
	sight->members = object_ref(sight->content);
	for (size_t i = 0; i < content->member_count; i++)
		look_at_member(cluster, sight, &content->members[i]);
}

static struct object *find_restore(struct cluster *cluster, const struct object *snapshot)
{
	CLEANUP_OBJECT_LIST struct object_list claims = { 0 };
	CLEANUP_FREE char *key = snapshot_claim_restores(snapshot->namespace, snapshot->name);
	cluster_list(cluster, CLUSTER_CLAIMS, key, &claims);
	return claims.count > 0 ? object_ref(claims.items[0]) : NULL;
}

static bool has_part(const struct group_sight *sight, const struct object *snapshot)
{
	for (size_t i = 0; i < sight->part_count; i++)
		if (sight->parts[i].snapshot &&
		    strcmp(sight->parts[i].snapshot->name, snapshot->name) == 0)
			return true;
	return false;
}

static void look_at_owned_members(struct cluster *cluster, struct group_sight *sight)
{
	CLEANUP_OBJECT_LIST struct object_list snapshots = { 0 };
	CLEANUP_FREE char *key = group_wake_members(sight->group);
	cluster_list(cluster, CLUSTER_SNAPSHOTS, key, &snapshots);
	for (size_t i = 0; i < snapshots.count; i++)
		if (!has_part(sight, snapshots.items[i]))
			add_part(sight, &(struct group_part_sight) {
						.snapshot = object_ref(snapshots.items[i]) });
}

/* It is being deleted: the members that are there, by their names, which an editor cannot change,
 * and by their owner, for the case that the content is gone. */
static void look_at_left_members(struct cluster *cluster, struct group_sight *sight)
{
	const struct group_snapshot *group = group_snapshot_of(sight->group);
	if (sight->content && group_is_bound_to(group, group_content_of(sight->content)))
		look_at_members(cluster, sight);
	look_at_owned_members(cluster, sight);
	for (size_t i = 0; i < sight->part_count; i++) {
		struct group_part_sight *part = &sight->parts[i];
		if (part->snapshot && group_members_has(group, snapshot_of(part->snapshot)))
			part->restored_to = find_restore(cluster, part->snapshot);
	}
}

static void look_further(struct cluster *cluster, struct group_sight *sight)
{
	const struct group_snapshot *group = group_snapshot_of(sight->group);
	const struct group_content *content =
		sight->content ? group_content_of(sight->content) : NULL;
	if (group->object.deleted_s)
		look_at_left_members(cluster, sight);
	else if (!content && group->has_selector)
		choose_claims(cluster, sight);
	else if (content && !group_content_handle(content))
		look_at_sources(cluster, content, sight);
	else if (content && !group->ready)
		look_at_members(cluster, sight);
}

static void fill_choices(struct group_sight *sight)
{
	for (size_t i = 0; i < sight->choice_count; i++) {
		const struct group_choice_sight *from = &sight->choices[i];
		sight->view.choices[i] = (struct group_choice) {
			.claim = claim_of(from->claim),
			.volume = from->volume ? persistent_volume_of(from->volume) : NULL,
		};
	}
}

static void fill_parts(struct group_sight *sight)
{
	for (size_t i = 0; i < sight->part_count; i++) {
		const struct group_part_sight *from = &sight->parts[i];
		sight->view.parts[i] = (struct group_part) {
			.member = from->member,
			.snapshot = from->snapshot ? snapshot_of(from->snapshot) : NULL,
			.content = from->content ? snapshot_content_of(from->content) : NULL,
			.volume = from->volume ? persistent_volume_of(from->volume) : NULL,
			.restored_to = from->restored_to ? claim_of(from->restored_to) : NULL,
			.ending = from->ending,
		};
	}
}

void group_sight_fill(struct group_sight *sight)
{
	struct group_view *view = &sight->view;
	view->group = sight->group ? group_snapshot_of(sight->group) : NULL;
	view->class = sight->class ? group_class_of(sight->class) : NULL;
	view->default_class = sight->default_class ? group_class_of(sight->default_class) : NULL;
	view->content = sight->content ? group_content_of(sight->content) : NULL;
	fill_choices(sight);
	fill_parts(sight);
}

static void make_view(struct group_sight *sight)
{
	struct group_view *view = &sight->view;
	view->choice_count = sight->choice_count;
	view->part_count = sight->part_count;
	view->choices = must_alloc((view->choice_count + 1) * sizeof(*view->choices));
	view->parts = must_alloc((view->part_count + 1) * sizeof(*view->parts));
	group_sight_fill(sight);
}

static bool part_is_current(struct written *written, const struct group_sight *sight,
			    const struct group_part_sight *part)
{
	const struct group_snapshot *group = group_snapshot_of(sight->group);
	if (!part->member || !part->member->volume_handle)
		return !part->snapshot ||
		       written_is_seen(written, &snapshot_kind, part->snapshot->namespace,
				       part->snapshot->name, part->snapshot);
	const char *handle = part->member->volume_handle;
	CLEANUP_FREE char *name = group_manifest_member_name(group, handle);
	CLEANUP_FREE char *content = group_manifest_member_content_name(group, handle);
	return written_is_seen(written, &snapshot_kind, group->object.namespace, name,
			       part->snapshot) &&
	       written_is_seen(written, &snapshot_content_kind, "", content, part->content);
}

static bool is_current(struct written *written, const struct group_sight *sight,
		       const char *content_name)
{
	if (!written_is_seen(written, &group_content_kind, "", content_name, sight->content))
		return false;
	for (size_t i = 0; i < sight->choice_count; i++) {
		struct object *claim = sight->choices[i].claim;
		if (!written_is_seen(written, &claim_kind, claim->namespace, claim->name, claim))
			return false;
	}
	for (size_t i = 0; i < sight->part_count; i++)
		if (!part_is_current(written, sight, &sight->parts[i]))
			return false;
	return true;
}

int group_sight_take(struct cluster *cluster, struct written *written, const char *namespace,
		     const char *name, struct group_sight *ret_sight)
{
	struct group_sight *sight = ret_sight;
	*sight = (struct group_sight) { 0 };
	sight->group = cluster_get(cluster, CLUSTER_GROUP_SNAPSHOTS, namespace, name);
	if (!written_is_seen(written, &group_snapshot_kind, namespace, name, sight->group))
		return 1;
	if (!sight->group)
		return 0;
	CLEANUP_FREE char *content_name = content_name_of(group_snapshot_of(sight->group));
	sight->arena = arena_new(1024);
	look_at_classes(cluster, sight);
	sight->content = cluster_get(cluster, CLUSTER_GROUP_CONTENTS, "", content_name);
	look_further(cluster, sight);
	make_view(sight);
	return is_current(written, sight, content_name) ? 0 : 1;
}

void group_sight_done(struct group_sight *sight)
{
	for (size_t i = 0; i < sight->choice_count; i++) {
		object_unref(sight->choices[i].claim);
		object_unref(sight->choices[i].volume);
	}
	for (size_t i = 0; i < sight->part_count; i++) {
		object_unref(sight->parts[i].snapshot);
		object_unref(sight->parts[i].content);
		object_unref(sight->parts[i].volume);
		object_unref(sight->parts[i].restored_to);
	}
	free(sight->choices);
	free(sight->parts);
	free(sight->view.choices);
	free(sight->view.parts);
	object_unref(sight->group);
	object_unref(sight->class);
	object_unref(sight->default_class);
	object_unref(sight->content);
	object_unref(sight->members);
	arena_free(sight->arena);
}
