/* SPDX-License-Identifier: Apache-2.0 */
#include "group/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/same.h"
#include "base/utf8.h"
#include "cluster/snapshot_claim.h"
#include "csi/group_client.h"
#include "csi/names.h"
#include "group/member_plan.h"

bool group_is_bound_to(const struct group_snapshot *group, const struct group_content *content)
{
	return content && same_or_none(content->group_uid, group->object.uid) &&
	       same_or_none(content->group_name, group->object.name) &&
	       same_or_none(content->group_namespace, group->object.namespace);
}

static bool has_volume_of_ours(const struct group_view *view)
{
	for (size_t i = 0; i < view->choice_count; i++)
		if (view->choices[i].volume && persistent_volume_is_ours(view->choices[i].volume))
			return true;
	return false;
}

static bool has_volume(const struct group_view *view)
{
	for (size_t i = 0; i < view->choice_count; i++)
		if (view->choices[i].volume)
			return true;
	return false;
}

/* Without a content: as a snapshot is (snapshot/plan.c). */
static bool is_ours_by_origin(const struct group_view *view)
{
	const char *driver =
		pairs_get(&view->group->object.annotations, SNAPSHOT_DRIVER_ANNOTATION);
	if (driver)
		return strcmp(driver, CSI_DRIVER_NAME) == 0;
	if (view->class)
		return group_class_is_ours(view->class);
	if (has_volume(view))
		return has_volume_of_ours(view);
	bool left_over = view->group->object.deleted_s && view->group->content_name;
	return left_over || !view->foreign_classes;
}

bool group_is_ours(const struct group_view *view)
{
	return view->content ? group_content_is_ours(view->content) : is_ours_by_origin(view);
}

__attribute__((format(printf, 3, 4))) static void fail(struct group_plan *plan, const char *reason,
						       const char *format, ...)
{
	va_list args;
	va_start(args, format);
	plan->decision = GROUP_FAIL;
	plan->reason = reason;
	plan->error.code = ERROR_INVALID;
	vsnprintf(plan->error.text, sizeof(plan->error.text), format, args);
	utf8_cut(plan->error.text);
	va_end(args);
}

/* True if that is the next step. */
static bool plan_preparation(const struct group_view *view, struct group_plan *plan)
{
	if (!plan->names_class && object_has_finalizer(&view->group->object, GROUP_BOUND_FINALIZER))
		return false;
	plan->decision = GROUP_PREPARE;
	return true;
}

/* True if that is the next step. A claim that is being deleted cannot get a finalizer. */
static bool plan_protection(const struct group_view *view, struct group_plan *plan)
{
	for (size_t i = 0; i < view->choice_count; i++) {
		const struct object *claim = &view->choices[i].claim->object;
		if (claim->deleted_s || snapshot_claim_is_protected(claim))
			continue;
		plan->decision = GROUP_PROTECT_CLAIM;
		plan->index = i;
		return true;
	}
	return false;
}

/* Kubernetes' storage suite reads the status for two wordings: "cannot find default group snapshot
 * class", and "<number> default snapshot classes were found". */
static void plan_default_class(const struct group_view *view, struct group_plan *plan)
{
	plan->class = view->default_class;
	plan->names_class = true;
	if (view->default_count == 0)
		fail(plan, "SetDefaultGroupSnapshotClassFailed",
		     "spec.volumeGroupSnapshotClassName: is missing: cannot find default group "
		     "snapshot class: no VolumeGroupSnapshotClass of driver " CSI_DRIVER_NAME
		     " has the annotation " GROUP_CLASS_DEFAULT_ANNOTATION ": \"true\"");
	else if (view->default_count > 1)
		fail(plan, "SetDefaultGroupSnapshotClassFailed",
		     "spec.volumeGroupSnapshotClassName: is missing: %u default snapshot classes "
		     "were found: VolumeGroupSnapshotClasses of driver " CSI_DRIVER_NAME
		     " with the annotation " GROUP_CLASS_DEFAULT_ANNOTATION ": \"true\"",
		     view->default_count);
}

static void plan_class(const struct group_view *view, struct group_plan *plan)
{
	plan->class = view->class;
	if (!view->group->class_name)
		plan_default_class(view, plan);
	else if (!view->class)
		fail(plan, "GetGroupSnapshotClassFailed",
		     "spec.volumeGroupSnapshotClassName: there is no VolumeGroupSnapshotClass "
		     "\"%s\"",
		     view->group->class_name);
	else if (!group_class_is_ours(view->class))
		fail(plan, "CreateGroupSnapshotContentFailed",
		     "spec.volumeGroupSnapshotClassName: the VolumeGroupSnapshotClass \"%s\" is "
		     "of driver %s, the claims' volumes of " CSI_DRIVER_NAME,
		     view->class->object.name, view->class->driver);
}

static const char *obstacle_of(const struct group_choice *choice)
{
	const char *obstacle = snapshot_claim_obstacle(choice->claim, choice->volume);
	if (!obstacle && choice->claim->object.deleted_s)
		obstacle = "is being deleted";
	return obstacle;
}

static void plan_claims(const struct group_view *view, struct group_plan *plan)
{
	for (size_t i = 0; i < view->choice_count; i++) {
		const char *obstacle = obstacle_of(&view->choices[i]);
		if (!obstacle)
			continue;
		fail(plan, "CreateGroupSnapshotContentFailed",
		     "spec.source.selector: the claim \"%s\" %s",
		     view->choices[i].claim->object.name, obstacle);
		return;
	}
	if (view->choice_count == 0)
		fail(plan, "CreateGroupSnapshotContentFailed",
		     "spec.source.selector: no claim of the namespace \"%s\" has these labels",
		     view->group->object.namespace);
	else if (view->choice_count > CSI_GROUP_MEMBERS_MAX)
		fail(plan, "CreateGroupSnapshotContentFailed",
		     "spec.source.selector: matches %zu claims; a group has at most %u",
		     view->choice_count, CSI_GROUP_MEMBERS_MAX);
	else if (view->apart.code)
		fail(plan, "GroupSnapshotCreationFailed", "spec.source.selector: %s",
		     view->apart.text);
}

static void plan_selector(const struct group_snapshot *group, struct group_plan *plan)
{
	if (group->selector_fault)
		fail(plan, "GroupSnapshotValidationError", "spec.source.selector.%s",
		     group->selector_fault);
	else if (selector_is_empty(&group->selector))
		fail(plan, "GroupSnapshotValidationError",
		     "spec.source.selector: is empty, which would choose no claim; name "
		     "matchLabels or matchExpressions");
}

/* Nothing has been made for it yet. */
static void plan_new(const struct group_view *view, struct group_plan *plan)
{
	plan_selector(view->group, plan);
	if (plan->decision == GROUP_IGNORE)
		plan_class(view, plan);
	if (plan->decision == GROUP_IGNORE)
		plan_claims(view, plan);
	if (plan->decision == GROUP_IGNORE && !plan_preparation(view, plan) &&
	    !plan_protection(view, plan))
		plan->decision = GROUP_CREATE_CONTENT;
}

static bool status_differs(const struct group_view *view, bool ready)
{
	const struct group_snapshot *group = view->group;
	const struct group_content *content = view->content;
	const char *message = ready ? NULL : content->error.message;
	return !same_or_none(group->content_name, content->object.name) || !group->says_ready ||
	       group->ready != ready || (!group->taken_s && content->taken_s) ||
	       !same_or_none(group->error.message, message);
}

static void plan_status(const struct group_view *view, bool ready, struct group_plan *plan)
{
	plan->ready = ready;
	if (status_differs(view, ready))
		plan->decision = GROUP_WRITE_STATUS;
}

static bool is_cut(const struct group_content *content)
{
	return group_content_handle(content) && content->member_count > 0;
}

/* Its content is there, and each names the other. The snapshots of a group that existed before have
 * objects of their own, which the administrator who knows their names makes. */
static void plan_bound(const struct group_view *view, struct group_plan *plan)
{
	const struct group_snapshot *group = view->group;
	const struct group_content *content = view->content;
	if (plan_preparation(view, plan) ||
	    (!group_content_handle(content) && plan_protection(view, plan)))
		return;
	if (group->ready || content->source_handle) /* the members' life is their own */
		plan_status(view, content->ready, plan);
	else if (!is_cut(content) || !group->content_name)
		plan_status(view, false, plan);
	else if (group_members_plan(view, plan) == 0)
		plan_status(view, content->ready, plan);
}

static void fail_missing(const struct group_view *view, struct group_plan *plan)
{
	const struct group_snapshot *group = view->group;
	fail(plan, "GroupSnapshotContentMissing", "there is no VolumeGroupSnapshotContent \"%s\"",
	     group->content_name ? group->content_name : group->source_content_name);
}

/* Whose it is may be a matter of another namespace: group_apply() logs it. */
static void fail_misbound(const struct group_view *view, const char *reason,
			  struct group_plan *plan)
{
	plan->is_misbound = true;
	fail(plan, reason,
	     "the VolumeGroupSnapshotContent \"%s\" is bound to another VolumeGroupSnapshot "
	     "(spec.volumeGroupSnapshotRef)",
	     view->content->object.name);
}

static void plan_dynamic(const struct group_view *view, struct group_plan *plan)
{
	const struct group_snapshot *group = view->group;
	const struct group_content *content = view->content;
	if (!content && !group->content_name)
		plan_new(view, plan);
	else if (!content)
		fail_missing(view, plan);
	else if (content->source_handle)
		fail(plan,
		     group->content_name ? "GroupSnapshotContentMismatch"
					 : "GroupSnapshotHandleSet",
		     "the VolumeGroupSnapshotContent \"%s\" is of a group that existed before "
		     "(spec.source.groupSnapshotHandles), the VolumeGroupSnapshot names claims",
		     content->object.name);
	else if (!group_is_bound_to(group, content))
		fail_misbound(view, "GroupSnapshotContentMisbound", plan);
	else
		plan_bound(view, plan);
}

static void plan_binding(const struct group_view *view, struct group_plan *plan)
{
	const struct group_content *content = view->content;
	if (content->object.deleted_s)
		fail(plan, "GroupSnapshotBindFailed",
		     "the VolumeGroupSnapshotContent \"%s\" is being deleted",
		     content->object.name);
	else if (!plan_preparation(view, plan))
		plan->decision = GROUP_BIND_CONTENT;
}

static void plan_preprovisioned(const struct group_view *view, struct group_plan *plan)
{
	const struct group_snapshot *group = view->group;
	const struct group_content *content = view->content;
	if (group->content_name && strcmp(group->content_name, group->source_content_name) != 0)
		fail(plan, "GroupSnapshotMisbound",
		     "status.boundVolumeGroupSnapshotContentName: is \"%s\", the source is \"%s\"",
		     group->content_name, group->source_content_name);
	else if (!content)
		fail_missing(view, plan);
	else if (!content->source_handle)
		fail(plan, "GroupSnapshotContentMismatch",
		     "the VolumeGroupSnapshotContent \"%s\" has no "
		     "spec.source.groupSnapshotHandles: it is not of a group that existed before",
		     content->object.name);
	else if (!same_or_none(content->group_namespace, group->object.namespace) ||
		 !same_or_none(content->group_name, group->object.name))
		fail_misbound(view, "GroupSnapshotContentMismatch", plan);
	else if (!content->group_uid)
		plan_binding(view, plan);
	else if (!same_or_none(content->group_uid, group->object.uid))
		fail_misbound(view, "GroupSnapshotContentMisbound", plan);
	else
		plan_bound(view, plan);
}

/* True if it must wait. */
static bool plan_pending(const struct group_view *view, struct group_plan *plan)
{
	for (size_t i = 0; i < view->part_count; i++) {
		const struct claim *claim = view->parts[i].restored_to;
		if (!claim)
			continue;
		plan->decision = GROUP_PENDING;
		plan->reason = "SnapshotDeletePending";
		error_set(&plan->error, ERROR_IN_USE,
			  "the claim \"%s/%s\" is being made from its member \"%s\"",
			  claim->object.namespace, claim->object.name,
			  view->parts[i].snapshot->object.name);
		return true;
	}
	return false;
}

/* The members go first: each may still be needed by a claim that has just begun to be made from it,
 * and then its data must stay, which the content's end would delete. */
static void plan_deletion(const struct group_view *view, struct group_plan *plan)
{
	const struct group_content *content = view->content;
	bool bound = group_is_bound_to(view->group, content);
	if (!object_has_finalizer(&view->group->object, GROUP_BOUND_FINALIZER) ||
	    plan_pending(view, plan))
		return;
	if (bound && !group_content_is_marked(content))
		plan->decision = GROUP_MARK_CONTENT;
	else if (group_members_plan_deletion(view, plan) != 0)
		return;
	else if (!bound || !content->delete_group)
		plan->decision = GROUP_RELEASE;
	else if (group_members_plan_contents(view, plan) != 0)
		return;
	else if (!content->object.deleted_s)
		plan->decision = GROUP_DELETE_CONTENT;
}

void group_plan(const struct group_view *view, struct group_plan *ret_plan)
{
	const struct group_snapshot *group = view->group;
	*ret_plan = (struct group_plan) { .decision = GROUP_IGNORE };
	if (!group_is_ours(view))
		return;
	if (group->object.deleted_s)
		plan_deletion(view, ret_plan);
	else if (group->has_selector == (group->source_content_name != NULL))
		fail(ret_plan, "GroupSnapshotValidationError",
		     "spec.source: name one of selector and volumeGroupSnapshotContentName");
	else if (group->has_selector)
		plan_dynamic(view, ret_plan);
	else
		plan_preprovisioned(view, ret_plan);
}
