/* SPDX-License-Identifier: Apache-2.0 */
#include "content/reconcile.h"

#include "base/log.h"
#include "content/create.h"
#include "content/delete.h"
#include "content/look.h"
#include "kube/event.h"

#define ARENA_BYTES 1024

static void report_stuck(const struct applier *applier, const struct content_view *view,
			 const struct error *err)
{
	if (err->code != ERROR_CONFLICT && err->code != ERROR_CANCELLED)
		event_record(applier->events, &view->content->object, EVENT_WARNING,
			     "SnapshotDeleteError", "Failed to delete snapshot: %s", err->text);
}

static enum outcome apply_deletion(const struct applier *applier, const struct content_view *view,
				   struct error *err)
{
	enum outcome outcome = content_delete(applier, view, err);
	if (outcome == OUTCOME_FAILED)
		report_stuck(applier, view, err);
	return outcome;
}

static enum outcome apply(const struct applier *applier, const struct content_view *view,
			  const struct content_plan *plan, struct error *err)
{
	switch (plan->decision) {
	case CONTENT_IGNORE:
		return OUTCOME_DONE;
	case CONTENT_CREATE:
		return content_create(applier, view, plan, err);
	case CONTENT_LOOK:
		return content_look(applier, view, err);
	case CONTENT_TIDY:
		return content_tidy(applier, view->content, err);
	case CONTENT_DELETE:
		return apply_deletion(applier, view, err);
	case CONTENT_RELEASE:
		return content_release(applier, view->content, err);
	case CONTENT_REFUSE:
		*err = plan->reason;
		return content_status_failed(applier, view->content, err) < 0 ? OUTCOME_FAILED
									      : OUTCOME_INFEASIBLE;
	case CONTENT_STUCK:
		*err = plan->reason;
		report_stuck(applier, view, err);
		return OUTCOME_INFEASIBLE;
	}
	return OUTCOME_DONE;
}

static int settle(const struct applier *applier, const struct content_view *view, struct error *err)
{
	struct content_plan plan;
	content_plan(view, &plan);
	enum outcome outcome = apply(applier, view, &plan, err);
	if (outcome == OUTCOME_INFEASIBLE)
		log_warning("snapshot content cannot be served",
			    LOG_TEXT("content", view->content->object.name), LOG_ERR(err));
	return outcome_result(applier, outcome);
}

int content_reconcile(const struct applier *applier, const char *key, struct error *err)
{
	struct cluster *cluster = applier->cluster;
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	CLEANUP(object_unrefp) struct object *class = NULL;
	CLEANUP(object_unrefp)
	struct object *object = cluster_get(cluster, CLUSTER_SNAPSHOT_CONTENTS, "", key);
	struct snapshot_node node;
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	if (!object || !content_is_unsettled(snapshot_content_of(object)))
		return 0;
	const struct snapshot_content *content = snapshot_content_of(object);
	if (content->class_name)
		class = cluster_get(cluster, CLUSTER_SNAPSHOT_CLASSES, "", content->class_name);
	snapshot_node_find(cluster, content, arena, &node);
	return settle(applier,
		      &(struct content_view) {
			      .content = content,
			      .class = class ? snapshot_class_of(class) : NULL,
			      .node = &node,
			      .prefix = applier->snapshot_prefix,
			      .extra_metadata = applier->extra_metadata,
			      .arena = arena,
		      },
		      err);
}
