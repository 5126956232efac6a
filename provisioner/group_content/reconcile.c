/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/reconcile.h"

#include "base/log.h"
#include "group_content/create.h"
#include "group_content/delete.h"
#include "group_content/look.h"
#include "group_content/status.h"
#include "kube/event.h"

#define ARENA_BYTES 1024

static void report_stuck(const struct applier *applier, const struct group_content_view *view,
			 const struct error *err)
{
	if (err->code != ERROR_CONFLICT && err->code != ERROR_CANCELLED)
		event_record(applier->events, &view->content->object, EVENT_WARNING,
			     "GroupSnapshotDeleteError", "Failed to delete group snapshot: %s",
			     err->text);
}

static enum outcome apply_deletion(const struct applier *applier,
				   const struct group_content_view *view, struct error *err)
{
	enum outcome outcome = group_content_delete(applier, view, err);
	if (outcome == OUTCOME_FAILED)
		report_stuck(applier, view, err);
	return outcome;
}

static enum outcome apply_refusal(const struct applier *applier,
				  const struct group_content_view *view, const struct error *why,
				  struct error *err)
{
	*err = *why;
	return group_content_status_failed(applier, view->content, err) < 0 ? OUTCOME_FAILED
									    : OUTCOME_INFEASIBLE;
}

static enum outcome apply(const struct applier *applier, const struct group_content_view *view,
			  const struct group_content_plan *plan, struct error *err)
{
	switch (plan->decision) {
	case GROUP_CONTENT_IGNORE:
		return OUTCOME_DONE;
	case GROUP_CONTENT_CREATE:
		return group_content_create(applier, view, plan, err);
	case GROUP_CONTENT_LOOK:
		return group_content_look(applier, view, err);
	case GROUP_CONTENT_TIDY:
		return group_content_tidy(applier, view->content, err);
	case GROUP_CONTENT_DELETE:
		return apply_deletion(applier, view, err);
	case GROUP_CONTENT_RELEASE:
		return group_content_release(applier, view->content, err);
	case GROUP_CONTENT_REFUSE:
		return apply_refusal(applier, view, &plan->reason, err);
	case GROUP_CONTENT_STUCK:
		*err = plan->reason;
		report_stuck(applier, view, err);
		return OUTCOME_INFEASIBLE;
	}
	return OUTCOME_DONE;
}

static int settle(const struct applier *applier, const struct group_content_view *view,
		  struct error *err)
{
	struct group_content_plan plan;
	group_content_plan(view, &plan);
	enum outcome outcome = apply(applier, view, &plan, err);
	if (outcome == OUTCOME_INFEASIBLE)
		log_warning("group snapshot content cannot be served",
			    LOG_TEXT("content", view->content->object.name), LOG_ERR(err));
	return outcome_result(applier, outcome);
}

int group_content_reconcile(const struct applier *applier, const char *key, struct error *err)
{
	struct cluster *cluster = applier->cluster;
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	CLEANUP(object_unrefp) struct object *class = NULL;
	CLEANUP(object_unrefp)
	struct object *object = cluster_get(cluster, CLUSTER_GROUP_CONTENTS, "", key);
	struct snapshot_node node;
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	if (!object || !group_content_is_unsettled(group_content_of(object)))
		return 0;
	const struct group_content *content = group_content_of(object);
	if (content->class_name)
		class = cluster_get(cluster, CLUSTER_GROUP_CLASSES, "", content->class_name);
	struct group_content_view view = {
		.content = content,
		.class = class ? group_class_of(class) : NULL,
		.node = &node,
		.prefix = applier->group_prefix,
		.extra_metadata = applier->extra_metadata,
		.arena = arena,
	};
	if (group_node_find(cluster, content, arena, &node, &view.apart) == 0)
		view.apart.code = ERROR_NONE;
	return settle(applier, &view, err);
}
