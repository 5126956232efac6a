/* SPDX-License-Identifier: Apache-2.0 */
#include "modify/apply.h"

#include <string.h>

#include "apply/node_call.h"
#include "apply/object_write.h"
#include "apply/secret.h"
#include "base/clock.h"
#include "base/log.h"
#include "csi/client.h"
#include "csi/failure.h"
#include "csi/names.h"
#include "kube/event.h"
#include "kube/json.h"
#include "modify/patch.h"

#define LOG_CLAIM(c) LOG_NAME("claim", (c)->object.namespace, (c)->object.name)

/* A claim that is gone needs no more. */
static enum modify_outcome gone_is_done(int r, const struct error *err)
{
	return r < 0 && err->code != ERROR_NOT_FOUND ? MODIFY_FAILED : MODIFY_DONE;
}

struct modification {
	const struct modify_plan *plan;
	struct csi_modify_volume_request request;
};

static int send_modify(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		       struct error *err)
{
	const struct modification *modification = context;
	return csi_modify_volume(rpc, &modification->request, timeout_ms, err);
}

/* In the arena. */
static struct pairs parameters_of(const struct applier *applier, const struct modify_view *view,
				  struct arena *arena)
{
	const struct pairs *of_class = &view->class->parameters;
	struct pairs parameters = { 0 };
	for (size_t i = 0; i < of_class->count; i++)
		pairs_set(&parameters, arena, of_class->items[i].key, of_class->items[i].value);
	if (!applier->extra_modify_metadata)
		return parameters;
	pairs_set(&parameters, arena, CSI_PARAMETER_CLAIM_NAME, view->claim->object.name);
	pairs_set(&parameters, arena, CSI_PARAMETER_CLAIM_NAMESPACE, view->claim->object.namespace);
	pairs_set(&parameters, arena, CSI_PARAMETER_VOLUME_NAME, view->volume->object.name);
	return parameters;
}

static int modify_on_node(const struct applier *applier, const struct modify_view *view,
			  struct modification *modification, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	const struct modify_plan *plan = modification->plan;
	uint64_t since_ms = clock_monotonic_ms();
	modification->request.volume_id = view->volume->handle;
	modification->request.parameters = parameters_of(applier, view, arena);
	if (node_call(applier,
		      &(struct node_call) { .node = plan->node,
					    .method = "ControllerModifyVolume",
					    .send = send_modify,
					    .context = modification },
		      err) < 0)
		return -1;
	log_info("volume modified on node", LOG_CLAIM(view->claim),
		 LOG_TEXT("volume", view->volume->handle), LOG_TEXT("node", plan->node),
		 LOG_TEXT("class", plan->target),
		 LOG_UINT("duration_ms", clock_monotonic_ms() - since_ms));
	return 0;
}

/* The call that we made is still what the claim's status is about. */
static bool is_ours(const struct object *newest, const struct object *begun)
{
	const struct claim *claim = (const struct claim *)newest;
	const struct claim *before = (const struct claim *)begun;
	return claim->modify == CLAIM_MODIFY_IN_PROGRESS && claim->modify_target &&
	       before->modify_target && strcmp(claim->modify_target, before->modify_target) == 0;
}

/* The claim may change while the node works, such as by another class: what has been done is
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
	const struct error *err = what;
	return modify_patch_failed((const struct claim *)object,
				   csi_failure_of(CSI_CHANGE_LIMITS, err->code) ==
					   CSI_FAILURE_INFEASIBLE,
				   node_call_code(err->code), err->text);
}

/* Records a final answer in the claim's status. *err stays the error of the call. */
static enum modify_outcome note_failure(const struct applier *applier, const struct claim *begun,
					const struct error *err)
{
	struct error unwritten;
	enum csi_failure failure = csi_failure_of(CSI_CHANGE_LIMITS, err->code);
	if (failure == CSI_FAILURE_UNKNOWN)
		return MODIFY_FAILED;
	int r = write_status(applier, begun, patch_of_failure, err, &unwritten);
	if (r < 0 && unwritten.code != ERROR_NOT_FOUND)
		log_warning("failure not noted on the claim", LOG_CLAIM(begun),
			    LOG_ERR(&unwritten));
	return r == 0 && failure == CSI_FAILURE_INFEASIBLE ? MODIFY_INFEASIBLE : MODIFY_ANSWERED;
}

static struct json_object *patch_of_volume(const struct object *object, const void *what)
{
	return modify_patch_volume((const struct persistent_volume *)object, what);
}

static int write_volume(const struct applier *applier, const struct modify_view *view,
			const struct modify_plan *plan, struct error *err)
{
	int r = object_write(
		applier, &view->volume->object,
		&(struct object_write) { .make_patch = patch_of_volume, .what = plan->target },
		err);
	return r > 0 ? error_set(err, ERROR_NOT_FOUND, "the volume was replaced") : r;
}

static struct json_object *patch_of_success(const struct object *object, const void *what)
{
	return modify_patch_done((const struct claim *)object, what);
}

/* The API server merges the patch into the claim that we saw, or refuses it. */
static int begin(const struct applier *applier, const struct claim *claim, const char *target,
		 struct object **ret_claim, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = modify_patch_begin(claim, target);
	return patch ? applier_merge_status(applier, &claim->object, patch, ret_claim, err)
		     : object_confirm(applier, &claim->object, ret_claim, err);
}

static enum modify_outcome carry_out(const struct applier *applier, const struct modify_view *view,
				     struct modification *modification, const struct claim *begun,
				     struct error *err)
{
	const struct modify_plan *plan = modification->plan;
	if (modify_on_node(applier, view, modification, err) < 0)
		return note_failure(applier, begun, err);
	if (write_volume(applier, view, plan, err) < 0)
		return err->code == ERROR_NOT_FOUND ? MODIFY_AGAIN : MODIFY_FAILED;
	int r = write_status(applier, begun, patch_of_success, plan->target, err);
	if (r == 0)
		event_record(applier->events, &begun->object, EVENT_NORMAL,
			     "VolumeModifySuccessful", "Volume %s has VolumeAttributesClass %s now",
			     view->volume->object.name, plan->target);
	return r > 0 ? MODIFY_AGAIN : gone_is_done(r, err);
}

/* The Secret of this call, else the one of growth. */
static int fetch_secret(const struct applier *applier, const struct persistent_volume *volume,
			struct secret_data *ret_secret, struct error *err)
{
	const struct pairs *annotations = &volume->object.annotations;
	const char *name = pairs_get(annotations, PERSISTENT_VOLUME_MODIFY_SECRET_NAME_ANNOTATION);
	const char *namespace =
		pairs_get(annotations, PERSISTENT_VOLUME_MODIFY_SECRET_NAMESPACE_ANNOTATION);
	bool own = name && name[0] && namespace && namespace[0];
	if (secret_fetch(applier, own ? namespace : volume->expand_secret_namespace,
			 own ? name : volume->expand_secret, ret_secret, err) == 0)
		return 0;
	return error_prefix(err, "%s",
			    own ? PERSISTENT_VOLUME_MODIFY_SECRET_NAME_ANNOTATION
				: "spec.csi.controllerExpandSecretRef");
}

enum modify_outcome modify_send(const struct applier *applier, const struct modify_view *view,
				const struct modify_plan *plan, struct error *err)
{
	CLEANUP(object_unrefp) struct object *begun = NULL;
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	if (node_call_check(applier, plan->node, err) < 0 ||
	    fetch_secret(applier, view->volume, &secret, err) < 0)
		return MODIFY_FAILED;
	int r = begin(applier, view->claim, plan->target, &begun, err);
	if (r != 0)
		return r > 0 ? MODIFY_AGAIN : gone_is_done(r, err);
	if (!plan->repeats)
		event_record(applier->events, begun, EVENT_NORMAL, "VolumeModify",
			     "Changing volume %s to VolumeAttributesClass %s",
			     view->volume->object.name, plan->target);
	struct modification modification = { .plan = plan, .request = { .secrets = secret.pairs } };
	return carry_out(applier, view, &modification, claim_of(begun), err);
}

/* patch is taken. */
static int write_once(const struct applier *applier, const struct claim *claim,
		      struct json_object *taken, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = taken;
	return patch ? applier_merge_status(applier, &claim->object, patch, NULL, err) : 0;
}

enum modify_outcome modify_await(const struct applier *applier, const struct modify_view *view,
				 const struct modify_plan *plan, struct error *err)
{
	if (write_once(applier, view->claim, modify_patch_await(view->claim, plan->target), err) <
	    0)
		return gone_is_done(-1, err);
	return error_set(err, plan->reason.code, "%s", plan->reason.text);
}

enum modify_outcome modify_reject(const struct applier *applier, const struct modify_view *view,
				  const struct modify_plan *plan, struct error *err)
{
	struct json_object *patch = modify_patch_reject(
		view->claim, plan->target, node_call_code(plan->reason.code), plan->reason.text);
	if (write_once(applier, view->claim, patch, err) < 0)
		return gone_is_done(-1, err);
	error_set(err, plan->reason.code, "%s", plan->reason.text);
	return MODIFY_INFEASIBLE;
}

enum modify_outcome modify_cancel(const struct applier *applier, const struct modify_view *view,
				  struct error *err)
{
	const struct claim *claim = view->claim;
	if (write_once(applier, claim, modify_patch_cancel(claim), err) < 0)
		return gone_is_done(-1, err);
	event_record(applier->events, &claim->object, EVENT_NORMAL, "VolumeModifyCanceled",
		     "The change of volume %s to VolumeAttributesClass %s was taken back",
		     view->volume->object.name, claim->modify_target ? claim->modify_target : "");
	return MODIFY_DONE;
}
