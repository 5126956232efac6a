/* SPDX-License-Identifier: Apache-2.0 */
#include "growth/apply.h"

#include "apply/metadata_patch.h"
#include "apply/node_call.h"
#include "apply/object_write.h"
#include "apply/secret.h"
#include "base/clock.h"
#include "base/log.h"
#include "cluster/capability.h"
#include "csi/failure.h"
#include "growth/patch.h"
#include "kube/event.h"
#include "kube/json.h"

#define LOG_CLAIM(c) LOG_NAME("claim", (c)->object.namespace, (c)->object.name)

/* A claim that is gone needs no more. */
static enum growth_outcome gone_is_done(int r, const struct error *err)
{
	return r < 0 && err->code != ERROR_NOT_FOUND ? GROWTH_FAILED : GROWTH_DONE;
}

struct expansion {
	const struct growth_plan *plan;
	struct csi_expand_volume_request request;
	struct csi_expansion made;
};

static int send_expand(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		       struct error *err)
{
	struct expansion *expansion = context;
	return csi_expand_volume(rpc, &expansion->request, timeout_ms, &expansion->made, err);
}

/* The zeroes of a thick volume may take longer than the call. */
static int send_probe(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		      struct error *err)
{
	const struct expansion *expansion = context;
	const struct pairs none = { 0 };
	uint64_t free_bytes, maximum_bytes;
	return csi_get_capacity(rpc, &none, expansion->request.capability, timeout_ms, &free_bytes,
				&maximum_bytes, err);
}

static int expand_on_node(const struct applier *applier, const struct growth_view *view,
			  struct expansion *expansion, struct error *err)
{
	const struct growth_plan *plan = expansion->plan;
	const struct persistent_volume *volume = view->volume;
	struct csi_capability capability =
		capability_make(volume->access_modes, volume->block, volume->fs_type,
				volume->mount_options, volume->mount_option_count);
	uint64_t since_ms = clock_monotonic_ms();
	expansion->request = (struct csi_expand_volume_request) {
		.volume_id = volume->handle,
		.required_bytes = plan->target_bytes,
		.capability = &capability,
		.secrets = expansion->request.secrets,
	};
	if (node_call(applier,
		      &(struct node_call) { .node = plan->node,
					    .method = "ControllerExpandVolume",
					    .send = send_expand,
					    .probe = send_probe,
					    .context = expansion },
		      err) < 0)
		return -1;
	log_info("volume expanded on node", LOG_CLAIM(view->claim),
		 LOG_TEXT("volume", volume->handle), LOG_TEXT("node", plan->node),
		 LOG_UINT("size_bytes", expansion->made.capacity_bytes),
		 LOG_UINT("duration_ms", clock_monotonic_ms() - since_ms));
	return 0;
}

/* Our growth is still what the claim's status is about. */
static bool is_ours(const struct object *newest, const struct object *begun)
{
	const struct claim *claim = (const struct claim *)newest;
	return claim->allocated_bytes == ((const struct claim *)begun)->allocated_bytes &&
	       claim->growth != CLAIM_GROWTH_NONE && claim->growth != CLAIM_GROWTH_NODE_IN_PROGRESS;
}

/* The claim may change while the node works, such as by a new request: what has been done is
 * recorded all the same. 1: the status is about something else by now. */
static int write_status(const struct applier *applier, const struct claim *begun,
			struct json_object *(*make_patch)(const struct object *claim,
							  const void *what),
			const void *what, struct error *err)
{
	return object_write(applier, &begun->object,
			    &(struct object_write) { .status = true,
						     .make_patch = make_patch,
						     .is_ours = is_ours,
						     .what = what },
			    err);
}

static struct json_object *patch_of_failure(const struct object *object, const void *what)
{
	const struct claim *claim = (const struct claim *)object;
	const struct error *err = what;
	enum csi_failure failure = csi_failure_of(CSI_CHANGE_SIZE, err->code);
	return failure == CSI_FAILURE_UNKNOWN
		       ? growth_patch_unknown(claim)
		       : growth_patch_failed(claim, failure == CSI_FAILURE_INFEASIBLE, err->text);
}

/* Records the failure in the claim's status. *err stays the error of the call. */
static enum growth_outcome note_failure(const struct applier *applier, const struct claim *begun,
					const struct error *err)
{
	struct error unwritten;
	if (write_status(applier, begun, patch_of_failure, err, &unwritten) < 0 &&
	    unwritten.code != ERROR_NOT_FOUND) {
		log_warning("failure not noted on the claim", LOG_CLAIM(begun),
			    LOG_ERR(&unwritten));
		return GROWTH_FAILED;
	}
	return csi_failure_of(CSI_CHANGE_SIZE, err->code) == CSI_FAILURE_INFEASIBLE
		       ? GROWTH_INFEASIBLE
		       : GROWTH_FAILED;
}

struct capacity {
	uint64_t bytes;
	uint64_t previous_bytes; /* as for growth_patch_volume() */
};

static struct json_object *patch_of_capacity(const struct object *object, const void *what)
{
	const struct capacity *capacity = what;
	return growth_patch_volume((const struct persistent_volume *)object, capacity->bytes,
				   capacity->previous_bytes);
}

/* Our copy of the volume may lag. */
static int write_volume(const struct applier *applier, const struct growth_view *view,
			const struct expansion *expansion, struct error *err)
{
	bool node_required = expansion->made.node_required;
	/* The kubelet grows the file system to what was asked for, and does not come to an end as
	 * long as the PersistentVolume is larger, be it by the node's rounding. */
	struct capacity capacity = {
		.bytes = node_required ? expansion->request.required_bytes
				       : expansion->made.capacity_bytes,
		.previous_bytes = node_required ? view->claim->capacity_bytes : 0,
	};
	int r = object_write(
		applier, &view->volume->object,
		&(struct object_write) { .make_patch = patch_of_capacity, .what = &capacity }, err);
	return r > 0 ? error_set(err, ERROR_NOT_FOUND, "the volume was replaced") : r;
}

static struct json_object *patch_of_success(const struct object *object, const void *what)
{
	const struct claim *claim = (const struct claim *)object;
	const struct expansion *expansion = what;
	return expansion->made.node_required
		       ? growth_patch_pending(claim)
		       : growth_patch_done(claim, expansion->made.capacity_bytes);
}

static void report_success(const struct applier *applier, const struct claim *claim,
			   bool node_required)
{
	if (node_required)
		event_record(applier->events, &claim->object, EVENT_NORMAL,
			     "FileSystemResizeRequired",
			     "Require file system resize of volume on node");
	else
		event_record(applier->events, &claim->object, EVENT_NORMAL,
			     "VolumeResizeSuccessful", "Resize volume succeeded");
}

static int begin(const struct applier *applier, const struct claim *claim,
		 const struct growth_plan *plan, struct object **ret_claim, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = growth_patch_begin(claim, plan->target_bytes, plan->repeats);
	return patch ? applier_merge_status(applier, &claim->object, patch, ret_claim, err)
		     : object_confirm(applier, &claim->object, ret_claim, err);
}

static enum growth_outcome carry_out(const struct applier *applier, const struct growth_view *view,
				     struct expansion *expansion, const struct claim *begun,
				     struct error *err)
{
	if (!expansion->plan->repeats)
		event_record(applier->events, &begun->object, EVENT_NORMAL, "Resizing",
			     "External resizer is resizing volume %s", view->volume->object.name);
	if (expand_on_node(applier, view, expansion, err) < 0)
		return note_failure(applier, begun, err);
	if (write_volume(applier, view, expansion, err) < 0)
		return err->code == ERROR_NOT_FOUND ? GROWTH_AGAIN : GROWTH_FAILED;
	int r = write_status(applier, begun, patch_of_success, expansion, err);
	if (r == 0)
		report_success(applier, begun, expansion->made.node_required);
	return r > 0 ? GROWTH_AGAIN : gone_is_done(r, err);
}

enum growth_outcome growth_expand(const struct applier *applier, const struct growth_view *view,
				  const struct growth_plan *plan, struct error *err)
{
	CLEANUP(object_unrefp) struct object *begun = NULL;
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	if (node_call_check(applier, plan->node, err) < 0)
		return GROWTH_FAILED;
	if (secret_fetch(applier, view->volume->expand_secret_namespace,
			 view->volume->expand_secret, &secret, err) < 0)
		return error_prefix(err, "spec.csi.controllerExpandSecretRef");
	int r = begin(applier, view->claim, plan, &begun, err);
	if (r != 0)
		return r > 0 ? GROWTH_AGAIN : gone_is_done(r, err);
	struct expansion expansion = { .plan = plan, .request = { .secrets = secret.pairs } };
	return carry_out(applier, view, &expansion, claim_of(begun), err);
}

enum growth_outcome growth_tidy(const struct applier *applier, const struct growth_view *view,
				struct error *err)
{
	const struct object *volume = &view->volume->object;
	CLEANUP(json_object_putp) struct json_object *patch = metadata_patch_new(volume);
	metadata_patch_remove_annotation(patch, volume, PERSISTENT_VOLUME_PRE_RESIZE_ANNOTATION);
	return gone_is_done(applier_edit(applier, volume, patch, err), err);
}
