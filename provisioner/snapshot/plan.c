/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/same.h"
#include "base/utf8.h"
#include "cluster/group_owner.h"
#include "cluster/snapshot_binding.h"
#include "cluster/snapshot_claim.h"
#include "csi/names.h"

static bool is_dynamic(const struct snapshot *snapshot)
{
	return snapshot->claim_name != NULL;
}

bool snapshot_needs_claim(const struct snapshot *snapshot)
{
	return is_dynamic(snapshot) && !snapshot->ready;
}

/* Nothing is left of the cluster's records that says whose it was: a deleted snapshot without a
 * content has nothing to lose, and where all classes are ours so are the snapshots. */
static bool is_ours_for_lack_of_others(const struct snapshot_view *view)
{
	const struct snapshot *snapshot = view->snapshot;
	bool left_over = snapshot->object.deleted_s && snapshot->content_name;
	return left_over || !view->foreign_classes;
}

/* Without a content: by what it was to be made of. A class and a claim of these names may be others
 * than those that it was made with, so what we wrote down then counts first. */
static bool is_ours_by_origin(const struct snapshot_view *view)
{
	const char *driver =
		pairs_get(&view->snapshot->object.annotations, SNAPSHOT_DRIVER_ANNOTATION);
	if (driver)
		return strcmp(driver, CSI_DRIVER_NAME) == 0;
	bool of_volume = view->volume && persistent_volume_is_ours(view->volume);
	if (of_volume || (view->class && snapshot_class_is_ours(view->class)))
		return true;
	if (view->volume || view->class)
		return false;
	const char *provisioner = view->claim ? claim_provisioner(view->claim) : NULL;
	return provisioner ? strcmp(provisioner, CSI_DRIVER_NAME) == 0
			   : is_ours_for_lack_of_others(view);
}

bool snapshot_is_ours(const struct snapshot_view *view)
{
	return view->content ? snapshot_content_is_ours(view->content) : is_ours_by_origin(view);
}

__attribute__((format(printf, 3, 4))) static void fail(struct snapshot_plan *plan,
						       const char *reason, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	plan->decision = SNAPSHOT_FAIL;
	plan->reason = reason;
	plan->error.code = ERROR_INVALID;
	vsnprintf(plan->error.text, sizeof(plan->error.text), format, args);
	utf8_cut(plan->error.text);
	va_end(args);
}

static bool lacks_finalizers(const struct snapshot *snapshot, bool bound_too)
{
	return !object_has_finalizer(&snapshot->object, SNAPSHOT_SOURCE_FINALIZER) ||
	       (bound_too && !object_has_finalizer(&snapshot->object, SNAPSHOT_BOUND_FINALIZER));
}

/* True if that is the next step. */
static bool plan_preparation(const struct snapshot *snapshot, bool deletes,
			     struct snapshot_plan *plan)
{
	plan->protects_bound = deletes;
	if (!plan->names_class && !lacks_finalizers(snapshot, deletes))
		return false;
	plan->decision = SNAPSHOT_PREPARE;
	return true;
}

/* Its content is there, and each names the other. */
static void plan_bound(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	const struct snapshot_content *content = view->content;
	const struct claim *claim = view->claim;
	if (plan_preparation(view->snapshot, content->delete_snapshot, plan))
		return;
	/* The end of another snapshot of the claim may have taken it off at the same moment. */
	if (is_dynamic(view->snapshot) && !content->ready && claim && !claim->object.deleted_s &&
	    !object_has_finalizer(&claim->object, SNAPSHOT_CLAIM_FINALIZER))
		plan->decision = SNAPSHOT_PROTECT_CLAIM;
	else if (snapshot_status_differs(view->snapshot, content))
		plan->decision = SNAPSHOT_WRITE_STATUS;
}

static void plan_default_class(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	const char *obstacle = snapshot_claim_obstacle(view->claim, view->volume);
	plan->class = view->default_class;
	plan->names_class = true;
	if (obstacle)
		fail(plan, "SetDefaultSnapshotClassFailed",
		     "spec.volumeSnapshotClassName: is missing, and the default class is that of "
		     "the volume's driver; the claim \"%s\" %s",
		     view->snapshot->claim_name, obstacle);
	else if (view->default_count == 0)
		fail(plan, "SetDefaultSnapshotClassFailed",
		     "spec.volumeSnapshotClassName: is missing, and no VolumeSnapshotClass of "
		     "driver " CSI_DRIVER_NAME
		     " has the annotation " SNAPSHOT_CLASS_DEFAULT_ANNOTATION ": \"true\"");
	else if (view->default_count > 1)
		fail(plan, "SetDefaultSnapshotClassFailed",
		     "spec.volumeSnapshotClassName: is missing, and %u VolumeSnapshotClasses of "
		     "driver " CSI_DRIVER_NAME " are the default one",
		     view->default_count);
}

static void plan_class(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	const struct snapshot *snapshot = view->snapshot;
	plan->class = view->class;
	if (!snapshot->class_name)
		plan_default_class(view, plan);
	else if (!view->class)
		fail(plan, "GetSnapshotClassFailed",
		     "spec.volumeSnapshotClassName: there is no VolumeSnapshotClass \"%s\"",
		     snapshot->class_name);
}

static void plan_claim(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	const char *name = view->snapshot->claim_name;
	const char *obstacle = snapshot_claim_obstacle(view->claim, view->volume);
	if (!view->claim)
		fail(plan, "SnapshotPVCSourceMissing",
		     "spec.source.persistentVolumeClaimName: there is no claim \"%s\"", name);
	else if (view->claim->object.deleted_s)
		fail(plan, "ErrorPVCFinalizer",
		     "spec.source.persistentVolumeClaimName: the claim \"%s\" is being deleted",
		     name);
	else if (obstacle)
		fail(plan, "SnapshotContentCreationFailed",
		     "spec.source.persistentVolumeClaimName: the claim \"%s\" %s", name, obstacle);
	else if (!snapshot_class_is_ours(plan->class))
		fail(plan, "SnapshotContentCreationFailed",
		     "spec.volumeSnapshotClassName: the VolumeSnapshotClass \"%s\" is of driver "
		     "%s, the claim's volume of " CSI_DRIVER_NAME,
		     plan->class->object.name, plan->class->driver);
}

/* Nothing has been made for it yet. */
static void plan_new(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	plan_class(view, plan);
	if (plan->decision == SNAPSHOT_IGNORE)
		plan_claim(view, plan);
	if (plan->decision != SNAPSHOT_IGNORE ||
	    plan_preparation(view->snapshot, plan->class->delete_snapshot, plan))
		return;
	plan->decision = object_has_finalizer(&view->claim->object, SNAPSHOT_CLAIM_FINALIZER)
				 ? SNAPSHOT_CREATE_CONTENT
				 : SNAPSHOT_PROTECT_CLAIM;
}

static void fail_missing(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	const struct snapshot *snapshot = view->snapshot;
	fail(plan, "SnapshotContentMissing", "there is no VolumeSnapshotContent \"%s\"",
	     snapshot->content_name ? snapshot->content_name : snapshot->source_content_name);
}

/* The content is of another snapshot, or of one that was there before. Whose it is may be a matter
 * of another namespace: snapshot_apply() logs it. */
static void fail_misbound(const struct snapshot_view *view, const char *reason,
			  struct snapshot_plan *plan)
{
	plan->is_misbound = true;
	fail(plan, reason,
	     "the VolumeSnapshotContent \"%s\" is bound to another VolumeSnapshot "
	     "(spec.volumeSnapshotRef)",
	     view->content->object.name);
}

static void plan_dynamic(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	const struct snapshot *snapshot = view->snapshot;
	const struct snapshot_content *content = view->content;
	const struct owner *group = group_owner_find(&snapshot->object, NULL);
	if (!content && !snapshot->content_name && group)
		/* Its data were cut with the group. Served as any other it would be cut again, at
		 * another moment. */
		fail(plan, "SnapshotContentMissing",
		     "it belongs to the VolumeGroupSnapshot \"%s\", which has made no "
		     "VolumeSnapshotContent for it",
		     group->name);
	else if (!content && !snapshot->content_name)
		plan_new(view, plan);
	else if (!content)
		fail_missing(view, plan);
	else if (content->snapshot_handle)
		fail(plan, snapshot->content_name ? "SnapshotContentMismatch" : "SnapshotHandleSet",
		     "the VolumeSnapshotContent \"%s\" is of a snapshot that existed before "
		     "(spec.source.snapshotHandle), the VolumeSnapshot names a claim",
		     content->object.name);
	else if (!snapshot_is_bound_to(snapshot, content))
		fail_misbound(view, "SnapshotContentMisbound", plan);
	else
		plan_bound(view, plan);
}

static void plan_binding(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	const struct snapshot_content *content = view->content;
	if (content->object.deleted_s)
		fail(plan, "SnapshotBindFailed",
		     "the VolumeSnapshotContent \"%s\" is being deleted", content->object.name);
	else if (!plan_preparation(view->snapshot, content->delete_snapshot, plan))
		plan->decision = SNAPSHOT_BIND_CONTENT;
}

static void plan_preprovisioned(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	const struct snapshot *snapshot = view->snapshot;
	const struct snapshot_content *content = view->content;
	if (snapshot->content_name &&
	    strcmp(snapshot->content_name, snapshot->source_content_name) != 0)
		fail(plan, "SnapshotMisbound",
		     "status.boundVolumeSnapshotContentName: is \"%s\", the source is \"%s\"",
		     snapshot->content_name, snapshot->source_content_name);
	else if (!content)
		fail_missing(view, plan);
	else if (!content->snapshot_handle)
		fail(plan, "SnapshotContentMismatch",
		     "the VolumeSnapshotContent \"%s\" has no spec.source.snapshotHandle: it is "
		     "not of a snapshot that existed before",
		     content->object.name);
	else if (!same_or_none(content->snapshot_namespace, snapshot->object.namespace) ||
		 !same_or_none(content->snapshot_name, snapshot->object.name))
		fail_misbound(view, "SnapshotContentMismatch", plan);
	else if (!content->snapshot_uid || !content->snapshot_uid[0])
		plan_binding(view, plan);
	else if (!same_or_none(content->snapshot_uid, snapshot->object.uid))
		fail_misbound(view, "SnapshotContentMisbound", plan);
	else
		plan_bound(view, plan);
}

/* NULL: neither its status nor an owner names it. */
static const char *group_name_of(const struct snapshot *snapshot)
{
	const struct owner *owner = group_owner_find(&snapshot->object, NULL);
	return snapshot->group_name ? snapshot->group_name : owner ? owner->name : NULL;
}

static void plan_pending(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	plan->decision = SNAPSHOT_PENDING;
	plan->reason = "SnapshotDeletePending";
	if (view->restored_to)
		error_set(&plan->error, ERROR_IN_USE, "the claim \"%s/%s\" is being made from it",
			  view->restored_to->object.namespace, view->restored_to->object.name);
	else if (group_name_of(view->snapshot))
		error_set(&plan->error, ERROR_IN_USE,
			  "it belongs to the VolumeGroupSnapshot \"%s\" and is deleted with it",
			  group_name_of(view->snapshot));
	else
		error_set(&plan->error, ERROR_IN_USE,
			  "it bears the finalizer " SNAPSHOT_GROUP_FINALIZER
			  " and names no VolumeGroupSnapshot; remove the finalizer if no group has "
			  "it");
}

static bool is_marked(const struct snapshot_content *content)
{
	return pairs_get(&content->object.annotations, SNAPSHOT_BEING_DELETED_ANNOTATION) != NULL;
}

static void plan_deletion(const struct snapshot_view *view, struct snapshot_plan *plan)
{
	const struct object *object = &view->snapshot->object;
	const struct snapshot_content *content = view->content;
	if (!object_has_finalizer(object, SNAPSHOT_SOURCE_FINALIZER) &&
	    !object_has_finalizer(object, SNAPSHOT_BOUND_FINALIZER))
		return;
	if (view->restored_to || snapshot_is_member(view->snapshot))
		plan_pending(view, plan);
	else if (!snapshot_is_bound_to(view->snapshot, content))
		plan->decision = SNAPSHOT_RELEASE;
	else if (!is_marked(content))
		plan->decision = SNAPSHOT_MARK_CONTENT;
	else if (!content->delete_snapshot)
		plan->decision = SNAPSHOT_RELEASE;
	else if (!content->object.deleted_s)
		plan->decision = SNAPSHOT_DELETE_CONTENT;
}

/* The role that makes the group writes its content and its status first. */
static bool is_unfinished_member(const struct snapshot *snapshot)
{
	return snapshot_is_member(snapshot) && !snapshot->group_name && !snapshot->object.deleted_s;
}

void snapshot_plan(const struct snapshot_view *view, struct snapshot_plan *ret_plan)
{
	const struct snapshot *snapshot = view->snapshot;
	*ret_plan = (struct snapshot_plan) { .decision = SNAPSHOT_IGNORE };
	if (!snapshot_is_ours(view) || is_unfinished_member(snapshot))
		return;
	if (snapshot->object.deleted_s)
		plan_deletion(view, ret_plan);
	else if (!snapshot->claim_name == !snapshot->source_content_name)
		fail(ret_plan, "SnapshotValidationError",
		     "spec.source: name one of persistentVolumeClaimName and "
		     "volumeSnapshotContentName");
	else if (is_dynamic(snapshot))
		plan_dynamic(view, ret_plan);
	else
		plan_preprovisioned(view, ret_plan);
}
