/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/provision.h"

#include <inttypes.h>
#include <string.h>

#include "apply/measure.h"
#include "apply/node_call.h"
#include "apply/secret.h"
#include "base/clock.h"
#include "base/log.h"
#include "claim/intent.h"
#include "claim/manifest.h"
#include "claim/request.h"
#include "claim/source_guard.h"
#include "kube/event.h"
#include "kube/json.h"
#include "kube/verbs.h"

#define LOG_CLAIM(c) LOG_NAME("claim", (c)->object.namespace, (c)->object.name)

/* Any PersistentVolume of the name keeps the data. It is read from the API server itself, since our
 * copy may lag. */
static int delete_unrecorded(const struct applier *applier, const struct claim_plan *plan,
			     const char *name, struct error *err)
{
	CLEANUP(object_unrefp) struct object *volume = NULL;
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	const struct secret_name *secret_name = &plan->secrets.of[SECRET_PROVISIONER];
	if (kube_get(applier->client, &persistent_volume_kind, "", name, &volume, err) == 0)
		return 0;
	if (err->code != ERROR_NOT_FOUND)
		return -1;
	if (secret_fetch_to_delete(applier, secret_name->namespace, secret_name->name, &secret,
				   err) < 0)
		return -1;
	return node_call_delete_volume(applier, plan->node, name, &secret.pairs, err);
}

int claim_undo(const struct applier *applier, const struct claim *claim,
	       const struct claim_plan *plan, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(128);
	const char *name = claim_volume_name(claim, arena);
	if (plan->node_gone) {
		/* No pod ever used the volume, if there is one: it must not block the claim's
		 * deletion. */
		log_warning("volume given up with its node", LOG_CLAIM(claim),
			    LOG_TEXT("volume", name), LOG_TEXT("node", plan->node));
	} else if (delete_unrecorded(applier, plan, name, err) < 0) {
		return -1;
	} else {
		log_info("provisioning undone", LOG_CLAIM(claim), LOG_TEXT("volume", name),
			 LOG_TEXT("node", plan->node), LOG_TEXT("why", plan->reason.text));
	}
	return claim_intent_drop(applier, claim, false, err);
}

/* CSI: the caller may rely on the size, and on the content; and we find a volume again by its name
 * alone, so the id must follow from it (docs/decisions/0005-intent-on-the-claim.md). */
static int check_answer(const struct csi_create_volume_request *request,
			const struct csi_volume *volume, struct error *err)
{
	if (strcmp(volume->id, request->name) != 0)
		return error_set(err, ERROR_INTERNAL, "the volume's id is \"%s\" instead of \"%s\"",
				 volume->id, request->name);
	if (volume->capacity_bytes && volume->capacity_bytes < request->required_bytes)
		return error_set(err, ERROR_INTERNAL,
				 "the volume has %" PRIu64 " bytes, less than the %" PRIu64
				 " that were asked for",
				 volume->capacity_bytes, request->required_bytes);
	if (volume->source_kind != request->source.kind)
		return error_set(err, ERROR_INTERNAL,
				 "the volume was not made from \"%s\", as was asked for, but %s",
				 request->source.id ? request->source.id : "nothing",
				 volume->source_kind == CSI_SOURCE_NONE ? "is empty"
									: "from something else");
	return 0;
}

struct creation {
	const struct csi_create_volume_request *request;
	struct csi_volume *volume;
};

static int send_create(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		       struct error *err)
{
	struct creation *creation = context;
	return csi_create_volume(rpc, creation->request, timeout_ms, &creation->volume, err);
}

/* A copy may take longer than the call, and so may the zeroes of a thick volume. */
static int send_probe(struct rpc_channel *rpc, uint32_t timeout_ms, void *context,
		      struct error *err)
{
	const struct creation *creation = context;
	uint64_t free_bytes, maximum_bytes;
	return csi_get_capacity(rpc, &creation->request->parameters,
				&creation->request->capabilities[0], timeout_ms, &free_bytes,
				&maximum_bytes, err);
}

static int create_volume(const struct applier *applier, const struct claim *claim,
			 const struct claim_plan *plan, struct csi_volume **ret_volume,
			 struct error *err)
{
	struct creation creation = { .request = &plan->request };
	uint64_t since_ms = clock_monotonic_ms();
	if (node_call(applier,
		      &(struct node_call) { .node = plan->node,
					    .method = "CreateVolume",
					    .send = send_create,
					    .probe = send_probe,
					    .context = &creation },
		      err) < 0)
		return -1;
	CLEANUP(csi_volume_freep) struct csi_volume *volume = creation.volume;
	log_info("volume created on node", LOG_CLAIM(claim), LOG_TEXT("volume", volume->id),
		 LOG_TEXT("node", plan->node), LOG_UINT("size_bytes", volume->capacity_bytes),
		 LOG_UINT("duration_ms", clock_monotonic_ms() - since_ms));
	if (check_answer(&plan->request, volume, err) < 0) {
		node_call_delete_volume(applier, plan->node, volume->id, &plan->request.secrets,
					&(struct error) { 0 });
		return error_prefix(err, "node \"%s\"", plan->node);
	}
	*ret_volume = TAKE(volume);
	return 0;
}

/* The name is taken: fine if we wrote it, and only the answer was lost. */
static int accept_existing(const struct applier *applier, const struct claim *claim,
			   const struct csi_volume *made, const char *name, struct error *err)
{
	CLEANUP(object_unrefp) struct object *object = NULL;
	if (kube_get(applier->client, &persistent_volume_kind, "", name, &object, err) < 0)
		return -1;
	const struct persistent_volume *volume = persistent_volume_of(object);
	if (persistent_volume_is_ours(volume) && strcmp(volume->handle, made->id) == 0 &&
	    volume->claim_uid && strcmp(volume->claim_uid, claim->object.uid) == 0)
		return 0;
	return error_set(err, ERROR_EXISTS,
			 "PersistentVolume \"%s\" exists and does not belong to this claim", name);
}

static int write_volume(const struct applier *applier, const struct claim *claim,
			const struct class *class, const struct claim_plan *plan,
			const struct csi_volume *volume, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *manifest = volume_manifest(&(struct volume_origin) {
		.claim = claim,
		.class = class,
		.request = &plan->request,
		.secrets = &plan->secrets,
		.volume = volume,
		.identity = applier->identity,
		.publish_readonly = applier->publish_readonly,
	});
	int r = applier_create(applier, &persistent_volume_kind, manifest, err);
	if (r < 0 && err->code == ERROR_EXISTS)
		r = accept_existing(applier, claim, volume, plan->request.name, err);
	if (r < 0)
		return -1;
	log_info("volume written", LOG_CLAIM(claim), LOG_TEXT("volume", volume->id));
	return 0;
}

/* After an answer that is final, nothing may be left of the volume or the intent; not even of an
 * earlier call whose answer was lost. If that cannot be done now, the intent stays and it is tried
 * again later. */
static bool give_up(const struct applier *applier, const struct claim *claim,
		    const struct claim_plan *plan, bool unselect)
{
	struct error err;
	if (delete_unrecorded(applier, plan, plan->request.name, &err) == 0 &&
	    claim_intent_drop(applier, claim, unselect, &err) == 0)
		return true;
	log_warning("undo postponed", LOG_CLAIM(claim), LOG_TEXT("volume", plan->request.name),
		    LOG_TEXT("node", plan->node), LOG_ERR(&err));
	return false;
}

static int make_volume(const struct applier *applier, const struct claim *claim,
		       const struct class *class, const struct claim_plan *plan,
		       struct csi_volume **ret_volume, struct error *err)
{
	if (create_volume(applier, claim, plan, ret_volume, err) == 0)
		return 0;
	switch (claim_failure_of(err->code, plan->fixed ? NULL : class)) {
	case CLAIM_FAILURE_BACKGROUND:
		break;
	case CLAIM_FAILURE_FINAL:
		if (give_up(applier, claim, plan, false) && err->code == ERROR_INVALID)
			return CLAIM_INFEASIBLE;
		break;
	case CLAIM_FAILURE_RESCHEDULE:
		/* Before the claim is free to go: the scheduler must not select the node again. */
		applier_short_of_room(applier, plan->node, clock_monotonic_ms());
		give_up(applier, claim, plan, !plan->stays);
		break;
	}
	return -1;
}

/* With the intent on the claim. */
static int carry_out(const struct applier *applier, const struct claim *claim,
		     const struct class *class, const struct claim_plan *plan, struct error *err)
{
	CLEANUP(csi_volume_freep) struct csi_volume *volume = NULL;
	log_info("provisioning volume", LOG_CLAIM(claim), LOG_TEXT("volume", plan->request.name),
		 LOG_TEXT("node", plan->node),
		 LOG_UINT("size_bytes", plan->request.required_bytes));
	event_record(applier->events, &claim->object, EVENT_NORMAL, "Provisioning",
		     "External provisioner is provisioning volume for claim \"%s/%s\"",
		     claim->object.namespace, claim->object.name);
	if (plan->selected)
		event_record(applier->events, &claim->object, EVENT_NORMAL, "Provisioning",
			     "The volume is made on node \"%s\", where the data of its source are, "
			     "and not on node \"%s\", which was selected",
			     plan->node, plan->selected);
	int r = make_volume(applier, claim, class, plan, &volume, err);
	if (r != 0)
		return r;
	if (write_volume(applier, claim, class, plan, volume, err) < 0)
		return -1;
	event_record(applier->events, &claim->object, EVENT_NORMAL, "ProvisioningSucceeded",
		     "Successfully provisioned volume %s", plan->request.name);
	return 0;
}

int claim_provision(const struct applier *applier, const struct claim *claim,
		    const struct class *class, const struct claim_plan *plan, struct error *err)
{
	CLEANUP(object_unrefp) struct object *noted = NULL;
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	const struct secret_name *secret_name = &plan->secrets.of[SECRET_PROVISIONER];
	struct claim_plan filled = *plan;
	uint64_t since_ms = clock_monotonic_ms();
	/* Before the intent: without its Secret a claim is not touched. */
	if (node_call_check(applier, plan->node, err) < 0 ||
	    secret_fetch(applier, secret_name->namespace, secret_name->name, &secret, err) < 0)
		return -1;
	filled.request.secrets = secret.pairs;
	if (!plan->has_intent) {
		if (claim_intent_take(applier, claim, plan, &noted, err) < 0)
			return err->code == ERROR_CONFLICT || err->code == ERROR_NOT_FOUND ? 1 : -1;
		claim = claim_of(noted);
	}
	if (source_guard_put(applier, plan, err) < 0)
		return err->code == ERROR_CONFLICT || err->code == ERROR_NOT_FOUND ? 1 : -1;
	int r = carry_out(applier, claim, class, &filled, err);
	if (r != 0)
		return r;
	measure_provision(class->object.name, since_ms, NULL);
	return 0;
}

int claim_reschedule(const struct applier *applier, const struct claim *claim,
		     const struct claim_plan *plan, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(128);
	if (plan->has_intent && !plan->node_gone &&
	    delete_unrecorded(applier, plan, claim_volume_name(claim, arena), err) < 0)
		return -1;
	if (claim_intent_drop(applier, claim, true, err) < 0)
		return -1;
	log_info("node given up", LOG_CLAIM(claim), LOG_TEXT("node", plan->node),
		 LOG_TEXT("why", plan->reason.text));
	return 0;
}
