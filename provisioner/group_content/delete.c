/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/delete.h"

#include "apply/node_call.h"
#include "apply/object_write.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "group_content/look.h"
#include "group_content/request.h"
#include "group_content/secret.h"
#include "group_content/status.h"

static int send_delete(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		       struct error *err)
{
	return csi_delete_group_snapshot(rpc, context, timeout_ms, err);
}

static int send_probe(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		      struct error *err)
{
	CLEANUP_FREE struct csi_group_snapshot *ignored = must_alloc(sizeof(*ignored));
	return csi_get_group_snapshot(rpc, context, timeout_ms, ignored, err);
}

static int delete_on(const struct applier *applier, const char *node,
		     struct csi_group_request *request, struct error *err)
{
	uint64_t since_ms = clock_monotonic_ms();
	if (node_call(applier,
		      &(struct node_call) { .node = node,
					    .method = "DeleteVolumeGroupSnapshot",
					    .timeout_ms = applier->snapshot_timeout_ms,
					    .send = send_delete,
					    .probe = send_probe,
					    .context = request },
		      err) < 0)
		return -1;
	applier_room_changed(applier, node);
	log_info("group snapshot deleted on node", LOG_TEXT("group", request->id),
		 LOG_TEXT("node", node), LOG_UINT("duration_ms", clock_monotonic_ms() - since_ms));
	return 0;
}

/* A group that no node has, all of which answered, is deleted. */
static int delete_where_found(const struct applier *applier, struct csi_group_request *request,
			      struct error *err)
{
	CLEANUP(node_finding_done) struct node_finding finding = { 0 };
	CLEANUP_FREE struct csi_group_snapshot *ignored = must_alloc(sizeof(*ignored));
	if (group_content_search(applier, request, ignored, &finding, err) < 0)
		return err->code == ERROR_NOT_FOUND ? 0 : -1;
	return delete_on(applier, finding.node, request, err);
}

static int delete_data(const struct applier *applier, const struct group_content_view *view,
		       const struct group_content *content, struct error *err)
{
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	struct csi_group_request request;
	if (group_content_secret_to_delete(applier, content, &secret, err) < 0)
		return -1;
	group_content_request_name(content, view->arena, &request);
	request.secrets = secret.pairs;
	return view->node->name ? delete_on(applier, view->node->name, &request, err)
				: delete_where_found(applier, &request, err);
}

enum outcome group_content_release(const struct applier *applier,
				   const struct group_content *content, struct error *err)
{
	int r = object_drop_finalizer(applier, &content->object, GROUP_CONTENT_FINALIZER, err);
	return r < 0 ? OUTCOME_FAILED : OUTCOME_DONE;
}

/* The policy may change until the last moment: what is deleted is what the API server says now. */
enum outcome group_content_delete(const struct applier *applier,
				  const struct group_content_view *view, struct error *err)
{
	CLEANUP(object_unrefp) struct object *newest = NULL;
	enum outcome outcome = outcome_confirm(applier, &view->content->object, &newest, err);
	if (outcome != OUTCOME_DONE)
		return outcome;
	const struct group_content *content = group_content_of(newest);
	if (delete_data(applier, view, content, err) < 0)
		return OUTCOME_FAILED;
	outcome = group_content_status_deleted(applier, content, err);
	return outcome == OUTCOME_DONE ? group_content_release(applier, content, err) : outcome;
}
