/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/apply.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "apply/snapshot_status.h"
#include "base/log.h"
#include "cluster/snapshot_binding.h"
#include "csi/names.h"
#include "kube/event.h"
#include "kube/json.h"
#include "kube/verbs.h"
#include "snapshot/manifest.h"
#include "snapshot/patch.h"

#define LOG_SNAPSHOT(s) LOG_NAME("snapshot", (s)->object.namespace, (s)->object.name)

static int merge(const struct placer *placer, struct snapshot_sight *sight, struct object **place,
		 struct json_object *taken, struct error *err)
{
	int r = place_merge(placer, place, taken, err);
	snapshot_sight_fill(sight);
	return r;
}

static int merge_status(const struct placer *placer, struct snapshot_sight *sight,
			struct json_object *taken, struct error *err)
{
	int r = place_merge_status(placer, &sight->snapshot, taken, err);
	snapshot_sight_fill(sight);
	return r;
}

/* The reason of the event that reports a refused write of each kind. */
static const char *const refusals[] = {
	[SNAPSHOT_PREPARE] = "SnapshotFinalizerError",
	[SNAPSHOT_PROTECT_CLAIM] = "ErrorPVCFinalizer",
	[SNAPSHOT_CREATE_CONTENT] = "CreateSnapshotContentFailed",
	[SNAPSHOT_BIND_CONTENT] = "SnapshotBindFailed",
	[SNAPSHOT_WRITE_STATUS] = "SnapshotStatusUpdateFailed",
	[SNAPSHOT_MARK_CONTENT] = "SnapshotContentObjectDeleteError",
	[SNAPSHOT_DELETE_CONTENT] = "SnapshotContentObjectDeleteError",
	[SNAPSHOT_RELEASE] = "SnapshotFinalizerError",
};

static void report_refusal(const struct placer *placer, const struct snapshot_sight *sight,
			   enum snapshot_decision decision, const struct error *err)
{
	if (!place_error_passes(err))
		event_record(placer->applier->events, sight->snapshot, EVENT_WARNING,
			     refusals[decision], "%s", err->text);
}

static bool is_refused(const struct error *err)
{
	return err->code == ERROR_INVALID || err->code == ERROR_FORBIDDEN;
}

/* 1: it cannot be made, which the status must say. */
static int post_content(const struct placer *placer, struct snapshot_sight *sight,
			const struct snapshot_plan *plan, struct error *err)
{
	struct json_object *body = NULL;
	if (snapshot_manifest(&sight->view, plan->class, &body, err) < 0)
		return 1;
	if (place_create(placer, &sight->content, &snapshot_content_kind, body, err) == 0)
		return 0;
	report_refusal(placer, sight, SNAPSHOT_CREATE_CONTENT, err);
	return is_refused(err) ? 1 : -1;
}

static int create_content(const struct placer *placer, struct snapshot_sight *sight,
			  const struct snapshot_plan *plan, struct error *err)
{
	int r = post_content(placer, sight, plan, err);
	if (r != 0)
		return r;
	snapshot_sight_fill(sight);
	log_info("snapshot content made", LOG_SNAPSHOT(sight->view.snapshot),
		 LOG_TEXT("content", sight->content->name));
	event_record(placer->applier->events, sight->snapshot, EVENT_NORMAL, "CreatingSnapshot",
		     "Waiting for " CSI_DRIVER_NAME " to make the snapshot \"%s/%s\"",
		     sight->snapshot->namespace, sight->snapshot->name);
	return 0;
}

static int prepare(const struct placer *placer, struct snapshot_sight *sight,
		   const struct snapshot_plan *plan, struct error *err)
{
	if (merge(placer, sight, &sight->snapshot,
		  snapshot_patch_prepare(sight->view.snapshot, plan), err) < 0)
		return -1;
	if (plan->names_class)
		place_set(&sight->class, object_ref(sight->default_class));
	snapshot_sight_fill(sight);
	return 0;
}

static int protect_claim(const struct placer *placer, struct snapshot_sight *sight,
			 struct error *err)
{
	return merge(placer, sight, &sight->claim,
		     metadata_patch_add(sight->claim, SNAPSHOT_CLAIM_FINALIZER, NULL, NULL), err);
}

static int write_status(const struct placer *placer, struct snapshot_sight *sight,
			struct error *err)
{
	const struct snapshot_view *view = &sight->view;
	bool was_taken = view->snapshot->taken_s != 0, was_ready = view->snapshot->ready;
	if (merge_status(placer, sight, snapshot_status_patch(view->snapshot, view->content), err) <
	    0)
		return -1;
	const struct snapshot *snapshot = view->snapshot;
	if (!was_taken && snapshot->taken_s)
		event_record(placer->applier->events, sight->snapshot, EVENT_NORMAL,
			     "SnapshotCreated",
			     "The snapshot \"%s/%s\" was made by " CSI_DRIVER_NAME,
			     snapshot->object.namespace, snapshot->object.name);
	if (was_ready || !snapshot->ready)
		return 0;
	log_info("snapshot ready", LOG_SNAPSHOT(snapshot),
		 LOG_TEXT("content", view->content->object.name));
	event_record(placer->applier->events, sight->snapshot, EVENT_NORMAL, "SnapshotReady",
		     "The snapshot \"%s/%s\" can be restored", snapshot->object.namespace,
		     snapshot->object.name);
	return 0;
}

/* The name that the snapshot is bound to, or that it would have. */
static int find_any_content(const struct placer *placer, const struct snapshot *snapshot,
			    struct object **ret_content, struct error *err)
{
	const char *name =
		snapshot->content_name ? snapshot->content_name : snapshot->source_content_name;
	CLEANUP_FREE char *own = snapshot_manifest_name(snapshot);
	return kube_get(placer->applier->client, &snapshot_content_kind, "", name ? name : own,
			ret_content, err);
}

/* The copies may not show yet what another process has made last, and show nothing where the kind
 * was not served for a moment. 1: there is a content. */
static int confirm_no_content(const struct placer *placer, const struct snapshot_sight *sight,
			      struct error *err)
{
	const struct snapshot *snapshot = sight->view.snapshot;
	CLEANUP(object_unrefp) struct object *content = NULL;
	if (snapshot_is_bound_to(snapshot, sight->view.content))
		return 0; /* what happens to it is decided */
	if (!cluster_serves(placer->applier->cluster, CLUSTER_SNAPSHOT_CONTENTS))
		return error_set(err, ERROR_UNAVAILABLE,
				 "the API server does not serve VolumeSnapshotContents");
	if (find_any_content(placer, snapshot, &content, err) == 0)
		return snapshot_is_bound_to(snapshot, snapshot_content_of(content));
	return err->code == ERROR_NOT_FOUND ? 0 : -1;
}

static int release(const struct placer *placer, struct snapshot_sight *sight, struct error *err)
{
	int r = confirm_no_content(placer, sight, err);
	if (r != 0)
		return r < 0 ? -1
			     : error_set(err, ERROR_CONFLICT,
					 "there is a content that our copy does not show yet");
	CLEANUP(json_object_putp)
	struct json_object *patch = snapshot_patch_release(sight->view.snapshot);
	if (applier_merge(placer->applier, sight->snapshot, patch, NULL, err) < 0)
		return -1;
	log_info("snapshot released", LOG_SNAPSHOT(sight->view.snapshot));
	written_note_end(placer->written, sight->snapshot);
	return 0;
}

/* 1: *err is a failure that the status must say. */
static int act(const struct placer *placer, struct snapshot_sight *sight,
	       const struct snapshot_plan *plan, struct error *err)
{
	const struct snapshot_view *view = &sight->view;
	switch (plan->decision) {
	case SNAPSHOT_PREPARE:
		return prepare(placer, sight, plan, err);
	case SNAPSHOT_PROTECT_CLAIM:
		return protect_claim(placer, sight, err);
	case SNAPSHOT_CREATE_CONTENT:
		return create_content(placer, sight, plan, err);
	case SNAPSHOT_BIND_CONTENT:
		return merge(placer, sight, &sight->content,
			     snapshot_patch_bind(view->content, view->snapshot), err);
	case SNAPSHOT_WRITE_STATUS:
		return write_status(placer, sight, err);
	case SNAPSHOT_MARK_CONTENT:
		return merge(placer, sight, &sight->content, snapshot_patch_mark(view->content),
			     err);
	case SNAPSHOT_DELETE_CONTENT:
		return place_delete(placer, sight->content, err);
	case SNAPSHOT_RELEASE:
		return release(placer, sight, err);
	case SNAPSHOT_IGNORE:
	case SNAPSHOT_FAIL:
	case SNAPSHOT_PENDING:
		break;
	}
	return 0;
}

/* The status and the event do not say whose the content is: it may be another namespace's. */
static void log_misbound(const struct snapshot_view *view)
{
	const struct snapshot_content *content = view->content;
	log_warning("snapshot content is bound to another snapshot", LOG_SNAPSHOT(view->snapshot),
		    LOG_TEXT("content", content->object.name),
		    LOG_NAME("bound", content->snapshot_namespace, content->snapshot_name),
		    LOG_TEXT("bound_uid", content->snapshot_uid));
}

/* The same words are neither written nor told twice. */
static int write_failure(const struct placer *placer, struct snapshot_sight *sight,
			 const struct snapshot_plan *plan, struct error *err)
{
	const struct snapshot *snapshot = sight->view.snapshot;
	const char *text = plan->error.text;
	if (snapshot->error.message && strcmp(snapshot->error.message, text) == 0)
		return 0;
	if (merge_status(placer, sight, snapshot_patch_error(snapshot, text), err) < 0) {
		report_refusal(placer, sight, SNAPSHOT_WRITE_STATUS, err);
		return -1;
	}
	if (plan->is_misbound)
		log_misbound(&sight->view);
	event_record(placer->applier->events, sight->snapshot, EVENT_WARNING, plan->reason, "%s",
		     text);
	return 0;
}

static enum snapshot_outcome fail(const struct placer *placer, struct snapshot_sight *sight,
				  const struct snapshot_plan *plan, struct error *err)
{
	if (write_failure(placer, sight, plan, err) == 0)
		*err = plan->error;
	return SNAPSHOT_FAILED;
}

enum snapshot_outcome snapshot_apply(const struct placer *placer, struct snapshot_sight *sight,
				     const struct snapshot_plan *plan, struct error *err)
{
	switch (plan->decision) {
	case SNAPSHOT_IGNORE:
		return SNAPSHOT_ENDED;
	case SNAPSHOT_FAIL:
		return fail(placer, sight, plan, err);
	case SNAPSHOT_PENDING:
		event_record(placer->applier->events, sight->snapshot, EVENT_WARNING, plan->reason,
			     "%s", plan->error.text);
		*err = plan->error;
		return SNAPSHOT_FAILED;
	default:
		break;
	}
	int r = act(placer, sight, plan, err);
	if (r > 0)
		return fail(placer, sight,
			    &(struct snapshot_plan) { .reason = "SnapshotContentCreationFailed",
						      .error = *err },
			    err);
	if (r < 0) {
		if (plan->decision != SNAPSHOT_CREATE_CONTENT)
			report_refusal(placer, sight, plan->decision, err);
		return SNAPSHOT_FAILED;
	}
	bool ends = plan->decision == SNAPSHOT_DELETE_CONTENT || plan->decision == SNAPSHOT_RELEASE;
	return ends ? SNAPSHOT_ENDED : SNAPSHOT_GOES_ON;
}
