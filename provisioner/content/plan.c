/* SPDX-License-Identifier: Apache-2.0 */
#include "content/plan.h"

#include "content/request.h"

bool content_is_being_created(const struct snapshot_content *content)
{
	return pairs_get(&content->object.annotations, SNAPSHOT_BEING_CREATED_ANNOTATION) != NULL;
}

static bool is_being_deleted(const struct snapshot_content *content)
{
	return pairs_get(&content->object.annotations, SNAPSHOT_BEING_DELETED_ANNOTATION) != NULL;
}

static bool is_member(const struct snapshot_content *content)
{
	return content->group_handle || snapshot_content_is_member(content);
}

bool content_is_unsettled(const struct snapshot_content *content)
{
	return snapshot_content_is_ours(content) &&
	       (!content->ready || content->object.deleted_s || content_is_being_created(content));
}

/* A user may delete a content whose VolumeSnapshot stays: it then waits for that one, which the
 * controller's part says by being-deleted. One that no VolumeSnapshot was ever bound to does not
 * wait. */
bool content_is_to_go(const struct snapshot_content *content)
{
	if (!content->object.deleted_s)
		return false;
	if (content->snapshot_handle && !content->snapshot_uid)
		return true;
	return !content_is_being_created(content) && is_being_deleted(content);
}

/* The members of a group snapshot are deleted with it. Only a snapshot that was seen is deleted:
 * an administrator who deletes a content before it was looked at may have mistaken the handle. */
bool content_is_to_be_deleted(const struct snapshot_content *content)
{
	return content_is_to_go(content) && content->delete_snapshot && content->handle &&
	       !is_member(content);
}

static void refuse(struct content_plan *plan, enum content_decision decision,
		   const struct error *reason)
{
	plan->decision = decision;
	plan->reason = *reason;
}

#define GIVE_UP                                                                                    \
	"To keep the snapshot where it is, or to delete it by hand, set deletionPolicy to "        \
	"Retain"

static void plan_deletion(const struct content_view *view, struct content_plan *plan)
{
	plan->decision = CONTENT_DELETE;
	if (!view->node->known || view->node->name)
		return;
	plan->decision = CONTENT_STUCK;
	/* Cut so that the way out is always whole. */
	error_set(&plan->reason, view->node->lost.code, "%.800s. " GIVE_UP, view->node->lost.text);
}

static void plan_end(const struct content_view *view, struct content_plan *plan)
{
	if (content_is_to_be_deleted(view->content))
		plan_deletion(view, plan);
	else if (object_has_finalizer(&view->content->object, SNAPSHOT_CONTENT_FINALIZER))
		plan->decision = CONTENT_RELEASE;
}

static int check_class(const struct content_view *view, struct error *err)
{
	const char *name = view->content->class_name;
	if (view->class && snapshot_class_is_ours(view->class))
		return 0;
	if (view->class)
		return error_set(err, ERROR_INVALID,
				 "spec.volumeSnapshotClassName: VolumeSnapshotClass \"%s\" is of "
				 "driver %s",
				 name, view->class->driver);
	return error_set(err, ERROR_NOT_FOUND,
			 "spec.volumeSnapshotClassName: VolumeSnapshotClass \"%s\" not found",
			 name);
}

#define GIVE_UP_CREATION                                                                           \
	"If the node will not come back, remove the annotation " SNAPSHOT_BEING_CREATED_ANNOTATION \
	"; a snapshot that it has made stays on it"

static int check_node(const struct content_view *view, struct error *err)
{
	const struct error *lost = &view->node->lost;
	if (view->node->name)
		return 0;
	if (view->node->known && content_is_being_created(view->content))
		return error_set(err, lost->code, "%.700s. " GIVE_UP_CREATION, lost->text);
	if (view->node->known)
		return error_set(err, lost->code, "%s", lost->text);
	return error_set(
		err, ERROR_NOT_FOUND,
		"spec.source.volumeHandle: no PersistentVolume of driver %s has the handle "
		"\"%s\"",
		view->content->driver, view->content->volume_handle);
}

/* A creation that was begun and whose content is to be deleted has to end, whatever has become of
 * the class. */
static int build_request(const struct content_view *view, struct content_plan *plan,
			 struct error *err)
{
	const struct snapshot_content *content = view->content;
	if (content->object.deleted_s && content_is_being_created(content) &&
	    !(view->class && snapshot_class_is_ours(view->class)))
		return content_request_build(view, NULL, &plan->request, err);
	if (!content->class_name)
		return error_set(err, ERROR_INVALID,
				 "spec.volumeSnapshotClassName: is missing; without a class no "
				 "snapshot is made");
	if (check_class(view, err) < 0)
		return -1;
	return content_request_build(view, view->class, &plan->request, err);
}

static void plan_creation(const struct content_view *view, struct content_plan *plan)
{
	struct error why;
	if (build_request(view, plan, &why) < 0 || check_node(view, &why) < 0)
		refuse(plan, CONTENT_REFUSE, &why);
	else
		plan->decision = CONTENT_CREATE;
}

/* The class of a snapshot that exists says by which Secret to look at it. */
static void plan_look(const struct content_view *view, struct content_plan *plan)
{
	struct error why;
	if (view->content->class_name && check_class(view, &why) < 0)
		refuse(plan, CONTENT_REFUSE, &why);
	else if (view->node->known && !view->node->name)
		refuse(plan, CONTENT_REFUSE, &view->node->lost);
	else
		plan->decision = CONTENT_LOOK;
}

static void plan_unready(const struct content_view *view, struct content_plan *plan)
{
	const struct snapshot_content *content = view->content;
	bool made_with_group = content->group_handle && content->handle;
	if (content->snapshot_handle || made_with_group)
		plan_look(view, plan);
	else if (content->volume_handle && !is_member(content))
		plan_creation(view, plan);
}

void content_plan(const struct content_view *view, struct content_plan *ret_plan)
{
	const struct snapshot_content *content = view->content;
	*ret_plan = (struct content_plan) { .decision = CONTENT_IGNORE };
	if (!snapshot_content_is_ours(content))
		return;
	if (content_is_to_go(content))
		plan_end(view, ret_plan);
	else if (!content->ready)
		plan_unready(view, ret_plan);
	else if (content_is_being_created(content))
		ret_plan->decision = CONTENT_TIDY;
}
