/* SPDX-License-Identifier: Apache-2.0 */
#include "content/look.h"

#include "apply/making.h"
#include "apply/node_call.h"
#include "base/log.h"
#include "base/text.h"
#include "content/secret.h"
#include "csi/failure.h"

struct question {
	struct csi_snapshot_request request;
	struct csi_snapshot snapshot;
};

static int ask(struct rpc_channel *rpc, uint32_t timeout_ms, const void *question, void *ret_answer,
	       struct error *err)
{
	return csi_get_snapshot(rpc, question, timeout_ms, ret_answer, err);
}

int content_search(const struct applier *applier, const struct csi_snapshot_request *request,
		   struct csi_snapshot *ret_snapshot, struct node_finding *ret_finding,
		   struct error *err)
{
	CLEANUP_FREE char *what = must_printf("snapshot \"%s\"", request->id);
	return node_search_run(applier,
			       &(struct node_search) { .method = "GetSnapshot",
						       .what = what,
						       .ask = ask,
						       .question = request,
						       .answer_bytes = sizeof(*ret_snapshot) },
			       ret_snapshot, ret_finding, err);
}

static int send_get(struct rpc_channel *rpc, uint32_t timeout_ms, void *context, struct error *err)
{
	struct question *question = context;
	return csi_get_snapshot(rpc, &question->request, timeout_ms, &question->snapshot, err);
}

static int find(const struct applier *applier, const struct content_view *view,
		struct csi_snapshot *ret_snapshot, struct node_finding *ret_finding,
		struct error *err)
{
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	struct question question = { .request.id = snapshot_content_handle(view->content) };
	if (content_secret_to_look(applier, view, &secret, err) < 0)
		return -1;
	question.request.secrets = secret.pairs;
	if (!view->node->known)
		return content_search(applier, &question.request, ret_snapshot, ret_finding, err);
	if (node_call(applier,
		      &(struct node_call) { .node = view->node->name,
					    .method = "GetSnapshot",
					    .send = send_get,
					    .context = &question },
		      err) < 0)
		return -1;
	*ret_snapshot = question.snapshot;
	*ret_finding = (struct node_finding) {
		.node = must_strdup(view->node->name),
		.node_id = must_strdup(view->node->node_id),
	};
	return 0;
}

static enum outcome record(const struct applier *applier, const struct snapshot_content *content,
			   const struct node_finding *finding, const struct csi_snapshot *snapshot,
			   struct error *err)
{
	const struct snapshot_node node = { .name = finding->node, .node_id = finding->node_id };
	CLEANUP(object_unrefp) struct object *noted = NULL;
	enum outcome outcome = making_note_node(applier, &content->object, &node, &noted, err);
	if (outcome != OUTCOME_DONE || !noted)
		return outcome;
	outcome = content_status_made(applier, snapshot_content_of(noted), snapshot, err);
	if (outcome == OUTCOME_DONE && !snapshot->ready) {
		error_set(err, ERROR_BUSY, "the snapshot is not ready yet");
		return OUTCOME_FAILED;
	}
	return outcome;
}

enum outcome content_look(const struct applier *applier, const struct content_view *view,
			  struct error *err)
{
	CLEANUP(node_finding_done) struct node_finding finding = { 0 };
	struct csi_snapshot snapshot;
	if (find(applier, view, &snapshot, &finding, err) < 0) {
		content_status_failed(applier, view->content, err);
		return csi_failure_of(CSI_CHANGE_COPY, err->code) == CSI_FAILURE_INFEASIBLE
			       ? OUTCOME_INFEASIBLE
			       : OUTCOME_FAILED;
	}
	log_info("snapshot found on node", LOG_TEXT("content", view->content->object.name),
		 LOG_TEXT("snapshot", snapshot.id), LOG_TEXT("node", finding.node));
	return record(applier, view->content, &finding, &snapshot, err);
}
