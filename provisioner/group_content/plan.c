/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/plan.h"

#include "group_content/request.h"

bool group_content_is_being_created(const struct group_content *content)
{
	return pairs_get(&content->object.annotations, GROUP_BEING_CREATED_ANNOTATION) != NULL;
}

bool group_content_is_unsettled(const struct group_content *content)
{
	return group_content_is_ours(content) && (!content->ready || content->object.deleted_s ||
						  group_content_is_being_created(content));
}

/* As content_is_to_go(). */
static bool is_to_go(const struct group_content *content)
{
	if (!content->object.deleted_s)
		return false;
	if (content->source_handle && !content->group_uid)
		return true;
	return !group_content_is_being_created(content) && group_content_is_marked(content);
}

static void refuse(struct group_content_plan *plan, const struct error *reason)
{
	plan->decision = GROUP_CONTENT_REFUSE;
	plan->reason = *reason;
}

#define GIVE_UP                                                                                    \
	"To keep the snapshots where they are, or to delete them by hand, set deletionPolicy to "  \
	"Retain"

static void plan_deletion(const struct group_content_view *view, struct group_content_plan *plan)
{
	plan->decision = GROUP_CONTENT_DELETE;
	if (!view->node->known || view->node->name)
		return;
	plan->decision = GROUP_CONTENT_STUCK;
	/* Cut so that the way out is always whole. */
	error_set(&plan->reason, view->node->lost.code, "%.800s. " GIVE_UP, view->node->lost.text);
}

/* Only a group that was seen is deleted: an administrator who deletes a content before it was
 * looked at may have mistaken the handle. */
static void plan_end(const struct group_content_view *view, struct group_content_plan *plan)
{
	const struct group_content *content = view->content;
	if (content->delete_group && content->handle)
		plan_deletion(view, plan);
	else if (object_has_finalizer(&content->object, GROUP_CONTENT_FINALIZER))
		plan->decision = GROUP_CONTENT_RELEASE;
}

static int check_class(const struct group_content_view *view, struct error *err)
{
	const char *name = view->content->class_name;
	if (view->class && group_class_is_ours(view->class))
		return 0;
	if (view->class)
		return error_set(err, ERROR_INVALID,
				 "spec.volumeGroupSnapshotClassName: VolumeGroupSnapshotClass "
				 "\"%s\" is of driver %s",
				 name, view->class->driver);
	return error_set(err, ERROR_NOT_FOUND,
			 "spec.volumeGroupSnapshotClassName: VolumeGroupSnapshotClass \"%s\" not "
			 "found",
			 name);
}

#define GIVE_UP_CREATION                                                                           \
	"If the node will not come back, remove the annotation " GROUP_BEING_CREATED_ANNOTATION    \
	"; snapshots that it has made stay on it"

/* Cut so that the way out is always whole. */
static int check_node(const struct group_content_view *view, struct error *err)
{
	bool apart = view->apart.code != ERROR_NONE;
	const struct error *why = apart ? &view->apart : &view->node->lost;
	bool begun = group_content_is_being_created(view->content);
	if (view->node->name && !apart)
		return 0;
	return error_set(err, why->code, "%s%.700s%s", apart ? "spec.source.volumeHandles: " : "",
			 why->text, begun ? ". " GIVE_UP_CREATION : "");
}

/* A creation that was begun and whose content is to be deleted has to end, whatever has become of
 * the class. */
static int build_request(const struct group_content_view *view, struct group_content_plan *plan,
			 struct error *err)
{
	const struct group_content *content = view->content;
	if (content->object.deleted_s && group_content_is_being_created(content) &&
	    !(view->class && group_class_is_ours(view->class)))
		return group_content_request_build(view, NULL, &plan->request, err);
	if (!content->class_name)
		return error_set(err, ERROR_INVALID,
				 "spec.volumeGroupSnapshotClassName: is missing; without a class "
				 "no group snapshot is made");
	if (check_class(view, err) < 0)
		return -1;
	return group_content_request_build(view, view->class, &plan->request, err);
}

static void plan_creation(const struct group_content_view *view, struct group_content_plan *plan)
{
	struct error why;
	if (build_request(view, plan, &why) < 0 || check_node(view, &why) < 0)
		refuse(plan, &why);
	else
		plan->decision = GROUP_CONTENT_CREATE;
}

/* The class of a group that exists says by which Secret to look at it. */
static void plan_look(const struct group_content_view *view, struct group_content_plan *plan)
{
	struct error why;
	if (view->content->class_name && check_class(view, &why) < 0)
		refuse(plan, &why);
	else if (view->node->known && !view->node->name)
		refuse(plan, &view->node->lost);
	else
		plan->decision = GROUP_CONTENT_LOOK;
}

void group_content_plan(const struct group_content_view *view, struct group_content_plan *ret_plan)
{
	const struct group_content *content = view->content;
	*ret_plan = (struct group_content_plan) { .decision = GROUP_CONTENT_IGNORE };
	if (!group_content_is_ours(content))
		return;
	if (is_to_go(content))
		plan_end(view, ret_plan);
	else if (content->ready && group_content_is_being_created(content))
		ret_plan->decision = GROUP_CONTENT_TIDY;
	else if (!content->ready && content->source_handle)
		plan_look(view, ret_plan);
	else if (!content->ready && content->has_volumes)
		plan_creation(view, ret_plan);
}
