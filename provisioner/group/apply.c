/* SPDX-License-Identifier: Apache-2.0 */
#include "group/apply.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "apply/object_gone.h"
#include "base/log.h"
#include "csi/names.h"
#include "group/manifest.h"
#include "group/member_apply.h"
#include "group/member_plan.h"
#include "group/patch.h"
#include "kube/event.h"
#include "kube/json.h"
#include "kube/verbs.h"

#define LOG_GROUP(g) LOG_NAME("group", (g)->object.namespace, (g)->object.name)

/* The reason of the event that reports a refused write of each kind. */
static const char *const refusals[] = {
	[GROUP_PREPARE] = "GroupSnapshotFinalizerError",
	[GROUP_PROTECT_CLAIM] = "CreateGroupSnapshotContentFailed",
	[GROUP_CREATE_CONTENT] = "CreateGroupSnapshotContentFailed",
	[GROUP_BIND_CONTENT] = "GroupSnapshotBindFailed",
	[GROUP_WRITE_STATUS] = "GroupSnapshotStatusUpdateFailed",
	[GROUP_MAKE_MEMBER] = "GroupSnapshotCreationFailed",
	[GROUP_MAKE_MEMBER_CONTENT] = "GroupSnapshotContentCreationFailed",
	[GROUP_BIND_MEMBER] = "GroupSnapshotBindFailed",
	[GROUP_WRITE_MEMBER_CONTENT] = "GroupSnapshotContentCheckandUpdateFailed",
	[GROUP_WRITE_MEMBER] = "GroupSnapshotStatusUpdateFailed",
	[GROUP_MARK_CONTENT] = "GroupSnapshotContentObjectDeleteError",
	[GROUP_RELEASE_MEMBER] = "GroupSnapshotFinalizerError",
	[GROUP_DELETE_MEMBER] = "GroupSnapshotDeleteError",
	[GROUP_DELETE_MEMBER_CONTENT] = "GroupSnapshotContentObjectDeleteError",
	[GROUP_DELETE_CONTENT] = "GroupSnapshotContentObjectDeleteError",
	[GROUP_RELEASE] = "GroupSnapshotFinalizerError",
};

static void report_refusal(const struct placer *placer, const struct group_sight *sight,
			   enum group_decision decision, const struct error *err)
{
	if (!place_error_passes(err))
		event_record(placer->applier->events, sight->group, EVENT_WARNING,
			     refusals[decision], "%s", err->text);
}

static bool is_refused(const struct error *err)
{
	return err->code == ERROR_INVALID || err->code == ERROR_FORBIDDEN;
}

/* 1: it cannot be made, which the status must say. */
static int post_content(const struct placer *placer, struct group_sight *sight,
			const struct group_plan *plan, struct error *err)
{
	const struct kind *kind =
		cluster_served_kind(placer->applier->cluster, CLUSTER_GROUP_CONTENTS);
	struct json_object *body = NULL;
	if (group_manifest(&sight->view, plan->class, kind, &body, err) < 0)
		return 1;
	if (place_create(placer, &sight->content, kind, body, err) == 0)
		return 0;
	return is_refused(err) ? 1 : -1;
}

static int create_content(const struct placer *placer, struct group_sight *sight,
			  const struct group_plan *plan, struct error *err)
{
	int r = post_content(placer, sight, plan, err);
	if (r != 0)
		return r;
	log_info("group content made", LOG_GROUP(sight->view.group),
		 LOG_TEXT("content", sight->content->name),
		 LOG_UINT("members", sight->choice_count));
	event_record(placer->applier->events, sight->group, EVENT_NORMAL, "CreatingGroupSnapshot",
		     "Waiting for " CSI_DRIVER_NAME " to make the group snapshot \"%s/%s\"",
		     sight->group->namespace, sight->group->name);
	return 0;
}

static int prepare(const struct placer *placer, struct group_sight *sight,
		   const struct group_plan *plan, struct error *err)
{
	if (place_merge(placer, &sight->group, group_patch_prepare(sight->view.group, plan), err) <
	    0)
		return -1;
	if (plan->names_class)
		place_set(&sight->class, object_ref(sight->default_class));
	return 0;
}

static int protect_claim(const struct placer *placer, struct group_sight *sight, size_t index,
			 struct error *err)
{
	struct object **claim = &sight->choices[index].claim;
	return place_merge(placer, claim,
			   metadata_patch_add(*claim, SNAPSHOT_CLAIM_FINALIZER, NULL, NULL), err);
}

static int write_status(const struct placer *placer, struct group_sight *sight, bool ready,
			struct error *err)
{
	const struct group_snapshot *group = sight->view.group;
	bool was_taken = group->taken_s != 0, was_ready = group->ready;
	if (place_merge_status(placer, &sight->group, group_patch_status(&sight->view, ready),
			       err) < 0)
		return -1;
	group = group_snapshot_of(sight->group);
	if (!was_taken && group->taken_s)
		event_record(placer->applier->events, sight->group, EVENT_NORMAL,
			     "GroupSnapshotCreated",
			     "The group snapshot \"%s/%s\" was made by " CSI_DRIVER_NAME,
			     group->object.namespace, group->object.name);
	if (was_ready || !group->ready)
		return 0;
	log_info("group ready", LOG_GROUP(group), LOG_TEXT("content", sight->content->name));
	event_record(placer->applier->events, sight->group, EVENT_NORMAL, "GroupSnapshotReady",
		     "All snapshots of the group \"%s/%s\" can be restored",
		     group->object.namespace, group->object.name);
	return 0;
}

/* The name that the group is bound to, or that it would have. */
static int find_any_content(const struct placer *placer, const struct group_snapshot *group,
			    struct object **ret_content, struct error *err)
{
	const struct kind *kind =
		cluster_served_kind(placer->applier->cluster, CLUSTER_GROUP_CONTENTS);
	CLEANUP_FREE char *own = group_manifest_name(group);
	const char *name = group->content_name		? group->content_name
			   : group->source_content_name ? group->source_content_name
							: own;
	return kube_get(placer->applier->client, kind, "", name, ret_content, err);
}

/* The copies may not show yet what another process has made last, and show nothing where a kind was
 * not served for a moment. */
static int confirm_nothing_left(const struct placer *placer, const struct group_sight *sight,
				struct error *err)
{
	struct cluster *cluster = placer->applier->cluster;
	const struct group_snapshot *group = sight->view.group;
	CLEANUP(object_unrefp) struct object *content = NULL;
	if (!cluster_serves(cluster, CLUSTER_GROUP_CONTENTS) ||
	    !cluster_serves(cluster, CLUSTER_SNAPSHOTS))
		return error_set(err, ERROR_UNAVAILABLE,
				 "the API server does not serve the kinds of snapshots");
	if (group_is_bound_to(group, sight->view.content))
		return 0; /* what happens to it is decided */
	if (find_any_content(placer, group, &content, err) < 0)
		return err->code == ERROR_NOT_FOUND ? 0 : -1;
	return group_is_bound_to(group, group_content_of(content))
		       ? error_set(err, ERROR_CONFLICT,
				   "there is a content that our copy does not show yet")
		       : 0;
}

static int release(const struct placer *placer, struct group_sight *sight, struct error *err)
{
	if (confirm_nothing_left(placer, sight, err) < 0)
		return -1;
	CLEANUP(json_object_putp)
	struct json_object *patch = group_patch_without(sight->group, GROUP_BOUND_FINALIZER);
	if (applier_merge(placer->applier, sight->group, patch, NULL, err) < 0)
		return -1;
	log_info("group released", LOG_GROUP(sight->view.group));
	written_note_end(placer->written, sight->group);
	return 0;
}

/* The data go with what is deleted. Our copies may lag behind, or be empty since VolumeSnapshots
 * were not served for a moment, so the API server itself says that the member is gone. */
static int confirm_member_gone(const struct placer *placer, const struct group_sight *sight,
			       const struct group_member *member, struct error *err)
{
	const struct group_snapshot *group = sight->view.group;
	CLEANUP(object_unrefp) struct object *object = NULL;
	if (!member->volume_handle)
		return 0;
	CLEANUP_FREE char *name = group_manifest_member_name(group, member->volume_handle);
	const struct object_name member_name = {
		.kind = &snapshot_kind,
		.namespace = group->object.namespace,
		.name = name,
	};
	if (object_read(placer->applier->client, &member_name, &object, err) < 0)
		return -1;
	return object && group_members_has(group, snapshot_of(object))
		       ? error_set(err, ERROR_CONFLICT,
				   "there is a member that our copy does not show: \"%s\"", name)
		       : 0;
}

/* It is marked first, as there is no snapshot whose end would have it marked. */
static int delete_member_content(const struct placer *placer, struct group_part_sight *part,
				 const struct group_sight *sight, struct error *err)
{
	if (confirm_member_gone(placer, sight, part->member, err) < 0 ||
	    place_merge(placer, &part->content,
			group_patch_mark_member_content(snapshot_content_of(part->content)),
			err) < 0 ||
	    place_delete(placer, part->content, err) < 0)
		return -1;
	part->ending = true;
	return 0;
}

static int delete_content(const struct placer *placer, const struct group_sight *sight,
			  struct error *err)
{
	const struct group_content *content = sight->view.content;
	if (!cluster_serves(placer->applier->cluster, CLUSTER_SNAPSHOTS))
		return error_set(err, ERROR_UNAVAILABLE,
				 "the API server does not serve VolumeSnapshots");
	for (size_t i = 0; i < content->member_count; i++)
		if (confirm_member_gone(placer, sight, &content->members[i], err) < 0)
			return -1;
	return place_delete(placer, sight->content, err);
}

/* 1: *err is a failure that the status must say. */
static int act(const struct placer *placer, struct group_sight *sight,
	       const struct group_plan *plan, struct error *err)
{
	const struct group_view *view = &sight->view;
	switch (plan->decision) {
	case GROUP_PREPARE:
		return prepare(placer, sight, plan, err);
	case GROUP_PROTECT_CLAIM:
		return protect_claim(placer, sight, plan->index, err);
	case GROUP_CREATE_CONTENT:
		return create_content(placer, sight, plan, err);
	case GROUP_BIND_CONTENT:
		return place_merge(placer, &sight->content, group_patch_bind(view), err);
	case GROUP_WRITE_STATUS:
		return write_status(placer, sight, plan->ready, err);
	case GROUP_MARK_CONTENT:
		return place_merge(placer, &sight->content, group_patch_mark(view->content), err);
	case GROUP_DELETE_CONTENT:
		return delete_content(placer, sight, err);
	case GROUP_DELETE_MEMBER_CONTENT:
		return delete_member_content(placer, &sight->parts[plan->index], sight, err);
	case GROUP_RELEASE:
		return release(placer, sight, err);
	default:
		return group_member_apply(placer, sight, plan, err);
	}
}

/* The status and the event do not say whose the content is: it may be another namespace's. */
static void log_misbound(const struct group_view *view)
{
	const struct group_content *content = view->content;
	log_warning("group content is bound to another group", LOG_GROUP(view->group),
		    LOG_TEXT("content", content->object.name),
		    LOG_NAME("bound", content->group_namespace, content->group_name),
		    LOG_TEXT("bound_uid", content->group_uid));
}

/* The same words are neither written nor reported twice. */
static int write_failure(const struct placer *placer, struct group_sight *sight,
			 const struct group_plan *plan, struct error *err)
{
	const struct group_snapshot *group = sight->view.group;
	const char *text = plan->error.text;
	if (group->error.message && strcmp(group->error.message, text) == 0)
		return 0;
	if (place_merge_status(placer, &sight->group, group_patch_error(group, text), err) < 0) {
		report_refusal(placer, sight, GROUP_WRITE_STATUS, err);
		return -1;
	}
	if (plan->is_misbound)
		log_misbound(&sight->view);
	event_record(placer->applier->events, sight->group, EVENT_WARNING, plan->reason, "%s",
		     text);
	return 0;
}

static enum group_outcome fail(const struct placer *placer, struct group_sight *sight,
			       const struct group_plan *plan, struct error *err)
{
	if (write_failure(placer, sight, plan, err) == 0)
		*err = plan->error;
	return GROUP_FAILED;
}

static enum group_outcome take_step(const struct placer *placer, struct group_sight *sight,
				    const struct group_plan *plan, struct error *err)
{
	int r = act(placer, sight, plan, err);
	group_sight_fill(sight);
	if (r > 0)
		return fail(
			placer, sight,
			&(struct group_plan) { .reason = refusals[plan->decision], .error = *err },
			err);
	if (r < 0) {
		report_refusal(placer, sight, plan->decision, err);
		return GROUP_FAILED;
	}
	bool ends = plan->decision == GROUP_DELETE_CONTENT || plan->decision == GROUP_RELEASE;
	return ends ? GROUP_ENDED : GROUP_GOES_ON;
}

enum group_outcome group_apply(const struct placer *placer, struct group_sight *sight,
			       const struct group_plan *plan, struct error *err)
{
	switch (plan->decision) {
	case GROUP_IGNORE:
		return GROUP_ENDED;
	case GROUP_FAIL:
		return fail(placer, sight, plan, err);
	case GROUP_PENDING:
		event_record(placer->applier->events, sight->group, EVENT_WARNING, plan->reason,
			     "%s", plan->error.text);
		*err = plan->error;
		return GROUP_FAILED;
	default:
		return take_step(placer, sight, plan, err);
	}
}
