/* SPDX-License-Identifier: Apache-2.0 */
#include "content/create.h"

#include "apply/metadata_patch.h"
#include "apply/node_call.h"
#include "base/clock.h"
#include "base/log.h"
#include "content/patch.h"
#include "content/secret.h"
#include "kube/json.h"

struct creation {
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
	int r = csi_get_snapshot(rpc, &request, timeout_ms, &ignored, err);
	return r < 0 && err->code == ERROR_NOT_FOUND ? 0 : r;
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

enum content_outcome content_tidy(const struct applier *applier,
				  const struct snapshot_content *content, struct error *err)
{
	const struct object *object = &content->object;
	CLEANUP(json_object_putp) struct json_object *patch = metadata_patch_new(object);
	metadata_patch_remove_annotation(patch, object, SNAPSHOT_BEING_CREATED_ANNOTATION);
	if (metadata_patch_is_empty(patch))
		return CONTENT_DONE;
	return content_gone_is_done(applier_edit(applier, object, patch, err), err);
}

/* Nothing is going on at the node. *err stays the error of the call. A content that is to be
 * deleted can be deleted now. */
static enum content_outcome end_in_vain(const struct applier *applier,
					const struct snapshot_content *begun,
					const struct error *why)
{
	struct error unwritten;
	bool infeasible = content_failure_of(why->code) == CONTENT_FAILURE_INFEASIBLE;
	if (content_status_failed(applier, begun, why) < 0)
		return CONTENT_FAILED;
	if (content_tidy(applier, begun, &unwritten) < 0) {
		log_warning("the end of a creation is not noted on the content",
			    LOG_TEXT("content", begun->object.name), LOG_ERR(&unwritten));
		return CONTENT_FAILED;
	}
	if (begun->object.deleted_s)
		return CONTENT_LATER;
	return infeasible ? CONTENT_INFEASIBLE : CONTENT_FAILED;
}

static enum content_outcome note_failure(const struct applier *applier,
					 const struct snapshot_content *begun,
					 const struct error *why)
{
	if (content_failure_of(why->code) != CONTENT_FAILURE_UNKNOWN)
		return end_in_vain(applier, begun, why);
	content_status_failed(applier, begun, why);
	return CONTENT_FAILED;
}

/* What decided that a snapshot is to be made is the same as before. */
static bool is_as_planned(const struct snapshot_content *newest,
			  const struct snapshot_content *content)
{
	return newest->object.generation == content->object.generation &&
	       newest->object.deleted_s == content->object.deleted_s &&
	       newest->has_status == content->has_status &&
	       !content_is_being_created(newest) == !content_is_being_created(content);
}

/* Others write to a content that is new: the controller's part adds its finalizer. */
static enum content_outcome begin(const struct applier *applier, const struct content_view *view,
				  struct object **ret_content, struct error *err)
{
	const struct snapshot_content *content = view->content;
	CLEANUP(object_unrefp)
	struct object *newest = object_ref((struct object *)&content->object);
	for (unsigned i = 0; i < CONTENT_WRITES_MAX; i++) {
		CLEANUP(json_object_putp)
		struct json_object *patch =
			content_patch_begin(snapshot_content_of(newest), view->node, true);
		if (!patch)
			return content_confirm(applier, content, ret_content, err);
		if (applier_merge(applier, newest, patch, ret_content, err) == 0)
			return CONTENT_DONE;
		if (err->code != ERROR_CONFLICT)
			break;
		object_unref(TAKE(newest));
		if (content_read_newest(applier, content, &newest, err) < 0)
			break;
		if (!is_as_planned(snapshot_content_of(newest), content))
			return CONTENT_AGAIN;
	}
	return content_gone_is_done(-1, err);
}

static enum content_outcome carry_out(const struct applier *applier,
				      const struct content_view *view, struct creation *creation,
				      const struct snapshot_content *begun, struct error *err)
{
	if (make_on_node(applier, view, creation, err) < 0)
		return note_failure(applier, begun, err);
	enum content_outcome outcome = content_status_made(applier, begun, &creation->made, err);
	if (outcome == CONTENT_DONE)
		outcome = content_tidy(applier, begun, err);
	if (outcome != CONTENT_DONE)
		return outcome;
	if (begun->object.deleted_s)
		return CONTENT_LATER;
	if (!creation->made.ready) {
		error_set(err, ERROR_BUSY, "the snapshot is not ready yet");
		return CONTENT_FAILED;
	}
	return CONTENT_DONE;
}

/* What can be found wrong before anything is sent leaves no annotation. */
static int prepare(const struct applier *applier, const struct content_view *view,
		   struct secret_data *secret, struct error *err)
{
	if (node_call_check(applier, view->node->name, err) < 0)
		return -1;
	return content_secret_to_create(applier, view, secret, err);
}

enum content_outcome content_create(const struct applier *applier, const struct content_view *view,
				    const struct content_plan *plan, struct error *err)
{
	CLEANUP(object_unrefp) struct object *begun = NULL;
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	if (prepare(applier, view, &secret, err) < 0) {
		content_status_failed(applier, view->content, err);
		return CONTENT_FAILED;
	}
	enum content_outcome outcome = begin(applier, view, &begun, err);
	if (!begun)
		return outcome;
	struct creation creation = { .request = plan->request };
	creation.request.secrets = secret.pairs;
	return carry_out(applier, view, &creation, snapshot_content_of(begun), err);
}
