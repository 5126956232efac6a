/* SPDX-License-Identifier: Apache-2.0 */
#include "content/look.h"

#include "apply/node_call.h"
#include "base/log.h"
#include "base/text.h"
#include "content/patch.h"
#include "content/search.h"
#include "content/secret.h"
#include "kube/json.h"

struct question {
	struct csi_snapshot_request request;
	struct csi_snapshot snapshot;
};

static int send_get(struct rpc_channel *rpc, uint32_t timeout_ms, void *context, struct error *err)
{
	struct question *question = context;
	return csi_get_snapshot(rpc, &question->request, timeout_ms, &question->snapshot, err);
}

static int find(const struct applier *applier, const struct content_view *view,
		struct content_finding *ret_finding, struct error *err)
{
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	struct question question = { .request.id = snapshot_content_handle(view->content) };
	if (content_secret_to_look(applier, view, &secret, err) < 0)
		return -1;
	question.request.secrets = secret.pairs;
	if (!view->node->known)
		return content_search(applier, &question.request, ret_finding, err);
	if (node_call(applier,
		      &(struct node_call) { .node = view->node->name,
					    .method = "GetSnapshot",
					    .send = send_get,
					    .context = &question },
		      err) < 0)
		return -1;
	*ret_finding = (struct content_finding) {
		.node = must_strdup(view->node->name),
		.node_id = must_strdup(view->node->node_id),
		.snapshot = question.snapshot,
	};
	return 0;
}

/* Before the status: a snapshot that is known is one whose node is known. */
static enum content_outcome note_node(const struct applier *applier,
				      const struct snapshot_content *content,
				      const struct content_finding *finding,
				      struct object **ret_content, struct error *err)
{
	const struct snapshot_node node = { .name = finding->node, .node_id = finding->node_id };
	CLEANUP(json_object_putp)
	struct json_object *patch = content_patch_begin(content, &node, false);
	*ret_content = object_ref((struct object *)&content->object);
	if (!patch)
		return CONTENT_DONE;
	object_unref(TAKE(*ret_content));
	return content_gone_is_done(
		applier_merge(applier, &content->object, patch, ret_content, err), err);
}

static enum content_outcome record(const struct applier *applier,
				   const struct snapshot_content *content,
				   const struct content_finding *finding, struct error *err)
{
	CLEANUP(object_unrefp) struct object *noted = NULL;
	enum content_outcome outcome = note_node(applier, content, finding, &noted, err);
	if (outcome != CONTENT_DONE || !noted)
		return outcome;
	outcome = content_status_made(applier, snapshot_content_of(noted), &finding->snapshot, err);
	if (outcome == CONTENT_DONE && !finding->snapshot.ready) {
		error_set(err, ERROR_BUSY, "the snapshot is not ready yet");
		return CONTENT_FAILED;
	}
	return outcome;
}

enum content_outcome content_look(const struct applier *applier, const struct content_view *view,
				  struct error *err)
{
	CLEANUP(content_finding_done) struct content_finding finding = { 0 };
	if (find(applier, view, &finding, err) < 0) {
		content_status_failed(applier, view->content, err);
		return content_failure_of(err->code) == CONTENT_FAILURE_INFEASIBLE
			       ? CONTENT_INFEASIBLE
			       : CONTENT_FAILED;
	}
	log_info("snapshot found on node", LOG_TEXT("content", view->content->object.name),
		 LOG_TEXT("snapshot", finding.snapshot.id), LOG_TEXT("node", finding.node));
	return record(applier, view->content, &finding, err);
}
