/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/create.h"

#include "apply/making.h"
#include "apply/node_call.h"
#include "apply/object_write.h"
#include "base/clock.h"
#include "base/log.h"
#include "group_content/secret.h"
#include "group_content/status.h"

struct creation {
	const struct group_content_view *view;
	struct csi_create_group_request request;
	struct csi_group_snapshot made;
};

static int send_create(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		       struct error *err)
{
	struct creation *creation = context;
	return csi_create_group_snapshot(rpc, &creation->request, timeout_ms, &creation->made, err);
}

/* Copies may take longer than the call. */
static int send_probe(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		      struct error *err)
{
	const struct creation *creation = context;
	const struct csi_group_request request = { .id = creation->request.name };
	CLEANUP_FREE struct csi_group_snapshot *ignored = must_alloc(sizeof(*ignored));
	return csi_get_group_snapshot(rpc, &request, timeout_ms, ignored, err);
}

static int make(const struct applier *applier, void *context, struct error *err)
{
	struct creation *creation = context;
	const char *node = creation->view->node->name;
	uint64_t since_ms = clock_monotonic_ms();
	if (node_call(applier,
		      &(struct node_call) { .node = node,
					    .method = "CreateVolumeGroupSnapshot",
					    .timeout_ms = applier->snapshot_timeout_ms,
					    .send = send_create,
					    .probe = send_probe,
					    .context = creation },
		      err) < 0)
		return -1;
	applier_room_changed(applier, node);
	log_info("group snapshot created on node",
		 LOG_TEXT("content", creation->view->content->object.name),
		 LOG_TEXT("group", creation->made.id), LOG_TEXT("node", node),
		 LOG_UINT("snapshots", creation->made.member_count),
		 LOG_UINT("duration_ms", clock_monotonic_ms() - since_ms));
	return 0;
}

enum outcome group_content_tidy(const struct applier *applier, const struct group_content *content,
				struct error *err)
{
	int r = object_drop_annotation(applier, &content->object, GROUP_BEING_CREATED_ANNOTATION,
				       err);
	return r < 0 ? OUTCOME_FAILED : OUTCOME_DONE;
}

static bool is_as_planned(const struct object *newest, const struct object *seen)
{
	const struct group_content *now = (const struct group_content *)newest;
	const struct group_content *then = (const struct group_content *)seen;
	return newest->generation == seen->generation && newest->deleted_s == seen->deleted_s &&
	       now->has_status == then->has_status &&
	       !group_content_is_being_created(now) == !group_content_is_being_created(then);
}

static bool is_ready(const void *context)
{
	return ((const struct creation *)context)->made.ready;
}

static enum outcome made(const struct applier *applier, const struct object *content,
			 const void *context, struct error *err)
{
	return group_content_status_made(applier, (const struct group_content *)content,
					 &((const struct creation *)context)->made, err);
}

static int failed(const struct applier *applier, const struct object *content,
		  const struct error *reason)
{
	return group_content_status_failed(applier, (const struct group_content *)content, reason);
}

/* What can be found wrong before anything is sent leaves no annotation. */
static int prepare(const struct applier *applier, const struct group_content_view *view,
		   struct secret_data *secret, struct error *err)
{
	if (node_call_check(applier, view->node->name, err) < 0)
		return -1;
	return group_content_secret_to_create(applier, view, secret, err);
}

static enum outcome run(const struct applier *applier, struct creation *creation, struct error *err)
{
	return making_run(applier,
			  &(struct making) {
				  .content = &creation->view->content->object,
				  .node = creation->view->node,
				  .being_created = GROUP_BEING_CREATED_ANNOTATION,
				  .is_as_planned = is_as_planned,
				  .make = make,
				  .is_ready = is_ready,
				  .made = made,
				  .failed = failed,
				  .context = creation,
			  },
			  err);
}

enum outcome group_content_create(const struct applier *applier,
				  const struct group_content_view *view,
				  const struct group_content_plan *plan, struct error *err)
{
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	if (prepare(applier, view, &secret, err) < 0) {
		group_content_status_failed(applier, view->content, err);
		return OUTCOME_FAILED;
	}
	CLEANUP_FREE struct creation *creation = must_alloc(sizeof(*creation));
	creation->view = view;
	creation->request = plan->request;
	creation->request.secrets = secret.pairs;
	return run(applier, creation, err);
}
