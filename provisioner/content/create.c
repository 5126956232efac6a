/* SPDX-License-Identifier: Apache-2.0 */
#include "content/create.h"

#include "apply/making.h"
#include "apply/node_call.h"
#include "apply/object_write.h"
#include "base/clock.h"
#include "base/log.h"
#include "content/secret.h"

struct creation {
	const struct content_view *view;
	struct csi_create_snapshot_request request;
	struct csi_snapshot made;
};

static int send_create(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		       struct error *err)
{
	struct creation *creation = context;
	return csi_create_snapshot(rpc, &creation->request, timeout_ms, &creation->made, err);
}

/* A copy may take longer than the call. */
static int send_probe(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		      struct error *err)
{
	const struct creation *creation = context;
	const struct csi_snapshot_request request = { .id = creation->request.name };
	struct csi_snapshot ignored;
	return csi_get_snapshot(rpc, &request, timeout_ms, &ignored, err);
}

static int make_on_node(const struct applier *applier, const struct content_view *view,
			struct creation *creation, struct error *err)
{
	uint64_t since_ms = clock_monotonic_ms();
	if (node_call(applier,
		      &(struct node_call) { .node = view->node->name,
					    .method = "CreateSnapshot",
					    .timeout_ms = applier->snapshot_timeout_ms,
					    .send = send_create,
					    .probe = send_probe,
					    .context = creation },
		      err) < 0)
		return -1;
	applier_room_changed(applier, view->node->name);
	log_info("snapshot created on node", LOG_TEXT("content", view->content->object.name),
		 LOG_TEXT("snapshot", creation->made.id), LOG_TEXT("node", view->node->name),
		 LOG_UINT("duration_ms", clock_monotonic_ms() - since_ms));
	return 0;
}

enum outcome content_tidy(const struct applier *applier, const struct snapshot_content *content,
			  struct error *err)
{
	int r = object_drop_annotation(applier, &content->object, SNAPSHOT_BEING_CREATED_ANNOTATION,
				       err);
	return r < 0 ? OUTCOME_FAILED : OUTCOME_DONE;
}

static bool is_as_planned(const struct object *newest, const struct object *seen)
{
	const struct snapshot_content *now = (const struct snapshot_content *)newest;
	const struct snapshot_content *then = (const struct snapshot_content *)seen;
	return newest->generation == seen->generation && newest->deleted_s == seen->deleted_s &&
	       now->has_status == then->has_status &&
	       !content_is_being_created(now) == !content_is_being_created(then);
}

static int make(const struct applier *applier, void *context, struct error *err)
{
	struct creation *creation = context;
	return make_on_node(applier, creation->view, creation, err);
}

static bool is_ready(const void *context)
{
	return ((const struct creation *)context)->made.ready;
}

static enum outcome made(const struct applier *applier, const struct object *content,
			 const void *context, struct error *err)
{
	return content_status_made(applier, (const struct snapshot_content *)content,
				   &((const struct creation *)context)->made, err);
}

static int failed(const struct applier *applier, const struct object *content,
		  const struct error *reason)
{
	return content_status_failed(applier, (const struct snapshot_content *)content, reason);
}

/* What can be found wrong before anything is sent leaves no annotation. */
static int prepare(const struct applier *applier, const struct content_view *view,
		   struct secret_data *secret, struct error *err)
{
	if (node_call_check(applier, view->node->name, err) < 0)
		return -1;
	return content_secret_to_create(applier, view, secret, err);
}

enum outcome content_create(const struct applier *applier, const struct content_view *view,
			    const struct content_plan *plan, struct error *err)
{
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	if (prepare(applier, view, &secret, err) < 0) {
		content_status_failed(applier, view->content, err);
		return OUTCOME_FAILED;
	}
	struct creation creation = { .view = view, .request = plan->request };
	creation.request.secrets = secret.pairs;
	return making_run(applier,
			  &(struct making) {
				  .content = &view->content->object,
				  .node = view->node,
				  .being_created = SNAPSHOT_BEING_CREATED_ANNOTATION,
				  .is_as_planned = is_as_planned,
				  .make = make,
				  .is_ready = is_ready,
				  .made = made,
				  .failed = failed,
				  .context = &creation,
			  },
			  err);
}
