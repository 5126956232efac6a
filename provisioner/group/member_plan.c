/* SPDX-License-Identifier: Apache-2.0 */
#include "group/member_plan.h"

#include <string.h>

#include "base/same.h"
#include "cluster/group_owner.h"
#include "cluster/snapshot_binding.h"

/* format takes the name. */
#define FAIL(plan, why, format, name)                                                              \
	do {                                                                                       \
		(plan)->decision = GROUP_FAIL;                                                     \
		(plan)->reason = (why);                                                            \
		error_set(&(plan)->error, ERROR_INVALID, format, name);                            \
	} while (0)

static bool is_of(const struct snapshot *snapshot, const struct group_snapshot *group)
{
	return group_owner_find(&snapshot->object, group->object.uid) != NULL;
}

bool group_members_has(const struct group_snapshot *group, const struct snapshot *snapshot)
{
	return is_of(snapshot, group) || snapshot_is_member(snapshot) ||
	       same(snapshot->group_name, group->object.name);
}

/* It is there and names the member, whatever its uid. */
static bool is_content_of(const struct snapshot_content *content, const struct group_part *part)
{
	const struct snapshot *snapshot = part->snapshot;
	return snapshot_content_is_ours(content) && snapshot_content_is_member(content) &&
	       same(content->volume_handle, part->member->volume_handle) &&
	       same(content->snapshot_name, snapshot->object.name) &&
	       same(content->snapshot_namespace, snapshot->object.namespace);
}

static bool content_status_differs(const struct snapshot_content *content,
				   const struct group_member *member)
{
	return !same(content->handle, member->snapshot_handle) || !content->group_handle ||
	       content->ready != member->ready;
}

static void plan_content(const struct group_part *part, struct group_plan *plan)
{
	const struct snapshot_content *content = part->content;
	if (!content && part->snapshot->content_name)
		FAIL(plan, "GroupSnapshotContentMissing",
		     "there is no VolumeSnapshotContent \"%s\", which a member was bound to",
		     part->snapshot->content_name);
	else if (!content)
		plan->decision = GROUP_MAKE_MEMBER_CONTENT;
	else if (!is_content_of(content, part) ||
		 (content->snapshot_uid && !snapshot_is_bound_to(part->snapshot, content)))
		FAIL(plan, "GroupSnapshotContentMisbound",
		     "the VolumeSnapshotContent \"%s\", which is that of a member, is bound to "
		     "another VolumeSnapshot",
		     content->object.name);
	else if (!content->snapshot_uid)
		plan->decision = GROUP_BIND_MEMBER;
	else if (content_status_differs(content, part->member))
		plan->decision = GROUP_WRITE_MEMBER_CONTENT;
	else if (!part->snapshot->group_name || snapshot_status_differs(part->snapshot, content))
		plan->decision = GROUP_WRITE_MEMBER;
}

static void plan_part(const struct group_view *view, const struct group_part *part,
		      struct group_plan *plan)
{
	if (!part->member->volume_handle || !part->member->snapshot_handle)
		FAIL(plan, "GroupContentValidationError",
		     "the VolumeGroupSnapshotContent \"%s\" has a member without a handle "
		     "(status.volumeSnapshotInfoList)",
		     view->content->object.name);
	else if (!part->snapshot)
		plan->decision = GROUP_MAKE_MEMBER;
	else if (!is_of(part->snapshot, view->group))
		FAIL(plan, "GroupSnapshotMisbound",
		     "the VolumeSnapshot \"%s\", which has the name of a member, is not of the "
		     "group",
		     part->snapshot->object.name);
	else
		plan_content(part, plan);
}

int group_members_plan(const struct group_view *view, struct group_plan *plan)
{
	for (size_t i = 0; i < view->part_count; i++) {
		plan->index = i;
		plan_part(view, &view->parts[i], plan);
		if (plan->decision != GROUP_IGNORE)
			return 1;
	}
	return view->part_count > 0 ? 0 : 1;
}

/* One that is not bound yet is deleted first: released it would seem to be an ordinary snapshot,
 * which is still to be cut. */
static bool may_be_released(const struct snapshot *snapshot)
{
	return snapshot->content_name || snapshot->object.deleted_s;
}

int group_members_plan_deletion(const struct group_view *view, struct group_plan *plan)
{
	bool left = false;
	for (size_t i = 0; i < view->part_count; i++) {
		const struct snapshot *snapshot = view->parts[i].snapshot;
		if (!snapshot || !group_members_has(view->group, snapshot))
			continue;
		left = true;
		if (snapshot_is_member(snapshot) && may_be_released(snapshot))
			plan->decision = GROUP_RELEASE_MEMBER;
		else if (!snapshot->object.deleted_s && !view->parts[i].ending)
			plan->decision = GROUP_DELETE_MEMBER;
		else
			continue;
		plan->index = i;
		return 1;
	}
	return left;
}

static bool is_left(const struct group_view *view, const struct group_part *part)
{
	const struct snapshot_content *content = part->content;
	return content && part->member && !part->ending && !content->object.deleted_s &&
	       snapshot_content_is_ours(content) && snapshot_content_is_member(content) &&
	       same(content->volume_handle, part->member->volume_handle) &&
	       same(content->snapshot_namespace, view->group->object.namespace);
}

int group_members_plan_contents(const struct group_view *view, struct group_plan *plan)
{
	for (size_t i = 0; i < view->part_count; i++) {
		if (!is_left(view, &view->parts[i]))
			continue;
		plan->decision = GROUP_DELETE_MEMBER_CONTENT;
		plan->index = i;
		return 1;
	}
	return 0;
}
