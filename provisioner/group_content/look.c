/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/look.h"

#include "apply/making.h"
#include "apply/node_call.h"
#include "base/log.h"
#include "base/text.h"
#include "csi/failure.h"
#include "group_content/request.h"
#include "group_content/secret.h"
#include "group_content/status.h"

struct question {
	const struct csi_group_request *request;
	struct csi_group_snapshot *group;
};

static int send_get(struct rpc_channel *rpc, uint32_t timeout_ms, void *context, struct error *err)
{
	const struct question *question = context;
	return csi_get_group_snapshot(rpc, question->request, timeout_ms, question->group, err);
}

static int ask(struct rpc_channel *rpc, uint32_t timeout_ms, const void *question, void *ret_answer,
	       struct error *err)
{
	return csi_get_group_snapshot(rpc, question, timeout_ms, ret_answer, err);
}

int group_content_search(const struct applier *applier, const struct csi_group_request *request,
			 struct csi_group_snapshot *ret_group, struct node_finding *ret_finding,
			 struct error *err)
{
	CLEANUP_FREE char *what = must_printf("group snapshot \"%s\"", request->id);
	return node_search_run(applier,
			       &(struct node_search) { .method = "GetVolumeGroupSnapshot",
						       .what = what,
						       .ask = ask,
						       .question = request,
						       .answer_bytes = sizeof(*ret_group) },
			       ret_group, ret_finding, err);
}

static int find(const struct applier *applier, const struct group_content_view *view,
		struct csi_group_snapshot *ret_group, struct node_finding *ret_finding,
		struct error *err)
{
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	struct csi_group_request request;
	group_content_request_name(view->content, view->arena, &request);
	if (group_content_secret_to_look(applier, view, &secret, err) < 0)
		return -1;
	request.secrets = secret.pairs;
	if (!view->node->known)
		return group_content_search(applier, &request, ret_group, ret_finding, err);
	struct question question = { .request = &request, .group = ret_group };
	if (node_call(applier,
		      &(struct node_call) { .node = view->node->name,
					    .method = "GetVolumeGroupSnapshot",
					    .send = send_get,
					    .context = &question },
		      err) < 0)
		return -1;
	*ret_finding = (struct node_finding) {
		.node = must_strdup(view->node->name),
		.node_id = must_strdup(view->node->node_id),
	};
	return 0;
}

static enum outcome record(const struct applier *applier, const struct group_content *content,
			   const struct node_finding *finding,
			   const struct csi_group_snapshot *group, struct error *err)
{
	const struct snapshot_node node = { .name = finding->node, .node_id = finding->node_id };
	CLEANUP(object_unrefp) struct object *noted = NULL;
	enum outcome outcome = making_note_node(applier, &content->object, &node, &noted, err);
	if (outcome != OUTCOME_DONE || !noted)
		return outcome;
	outcome = group_content_status_made(applier, group_content_of(noted), group, err);
	if (outcome == OUTCOME_DONE && !group->ready) {
		error_set(err, ERROR_BUSY, "the group snapshot is not ready yet");
		return OUTCOME_FAILED;
	}
	return outcome;
}

enum outcome group_content_look(const struct applier *applier,
				const struct group_content_view *view, struct error *err)
{
	CLEANUP(node_finding_done) struct node_finding finding = { 0 };
	CLEANUP_FREE struct csi_group_snapshot *group = must_alloc(sizeof(*group));
	if (find(applier, view, group, &finding, err) < 0) {
		group_content_status_failed(applier, view->content, err);
		return csi_failure_of(CSI_CHANGE_COPY, err->code) == CSI_FAILURE_INFEASIBLE
			       ? OUTCOME_INFEASIBLE
			       : OUTCOME_FAILED;
	}
	log_info("group snapshot found on node", LOG_TEXT("content", view->content->object.name),
		 LOG_TEXT("group", group->id), LOG_TEXT("node", finding.node));
	return record(applier, view->content, &finding, group, err);
}
