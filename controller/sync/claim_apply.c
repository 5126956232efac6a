/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/claim_apply.h"

#include "base/clock.h"
#include "base/log.h"
#include "kube/json.h"
#include "kube/verbs.h"
#include "set/identity.h"
#include "set/pod.h"
#include "set/pod_build.h"
#include "set/retention.h"
#include "sync/remakes.h"

static void report_claim(const struct applier *applier, const struct statefulset *set,
			 const char *claim_name, const char *pod_name, const struct error *failure)
{
	if (failure && applier_is_passing(failure))
		return;
	if (failure)
		event_record(applier->events, &set->object, EVENT_WARNING, "FailedCreate",
			     "create Claim %s for Pod %s in StatefulSet %s failed error: %s",
			     claim_name, pod_name, set->object.name, failure->text);
	else
		event_record(applier->events, &set->object, EVENT_NORMAL, "SuccessfulCreate",
			     "create Claim %s Pod %s in StatefulSet %s success", claim_name,
			     pod_name, set->object.name);
}

static void report_conflict(const struct applier *applier, const struct statefulset *set,
			    const char *claim_name)
{
	event_record(applier->events, &set->object, EVENT_WARNING, "ConflictingController",
		     "PersistentVolumeClaim %s has a conflicting OwnerReference that acts as a "
		     "manging controller, the retention policy is ignored for this claim",
		     claim_name);
}

static int create_claim(const struct applier *applier, const struct statefulset *set,
			const struct decision *decision, const struct claim_step *claim,
			struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *body = NULL;
	CLEANUP(object_unrefp) struct object *created = NULL;
	if (applier_may_act(applier, err) < 0 ||
	    claim_build(set, claim->template, decision->ordinal, &body, err) < 0)
		return -1;
	if (kube_create(applier->client, &claim_kind, set->object.namespace, body, &created, err) <
	    0) {
		if (err->code != ERROR_EXISTS)
			report_claim(applier, set, claim->name, decision->pod_name, err);
		return error_prefix(err, "failed to create PVC %s", claim->name);
	}
	applier_wrote(applier, set, WRITTEN_CLAIM, created);
	remakes_note(applier->remakes, set->object.uid, claim->name, clock_monotonic_ms());
	report_claim(applier, set, claim->name, decision->pod_name, NULL);
	log_info("claim created", LOG_NAME("claim", set->object.namespace, claim->name),
		 LOG_NAME("set", set->object.namespace, set->object.name),
		 LOG_NAME("pod", set->object.namespace, decision->pod_name));
	return 0;
}

static int set_owners(const struct applier *applier, const struct statefulset *set,
		      const struct decision *decision, const struct claim_step *claim,
		      struct error *err)
{
	struct retention_pod pod = {
		.name = decision->pod_name,
		.uid = decision->pod ? decision->pod->object.uid : "",
		.in_range = claim->leftover || identity_in_range(set, decision->ordinal),
	};
	CLEANUP(json_object_putp) struct json_object *patch = json_object_new_object();
	struct json_object *metadata = json_child(patch, "metadata");
	json_set_string(metadata, "uid", claim->claim->object.uid);
	json_set_string(metadata, "resourceVersion", claim->claim->object.resource_version);
	json_set(metadata, "ownerReferences", retention_owners(set, claim->claim, &pod));
	int outcome = applier_patch(applier, set,
				    &(struct applier_patch) { .object = &claim->claim->object,
							      .type = KUBE_PATCH_MERGE,
							      .written = WRITTEN_CLAIM,
							      .purpose = "ownerReferences",
							      .patch = patch },
				    NULL, err);
	if (outcome < 0)
		return error_prefix(err, "could not update claim %s for delete policy ownerRefs",
				    claim->name);
	if (outcome == 0)
		log_info("claim owners set", LOG_NAME("claim", set->object.namespace, claim->name),
			 LOG_NAME("set", set->object.namespace, set->object.name));
	return 0;
}

int claim_apply_present(const struct applier *applier, const struct statefulset *set,
			const struct decision *decision, struct error *err)
{
	struct error all = { 0 };
	for (size_t i = 0; i < decision->claim_count; i++) {
		struct error one = { 0 };
		const struct claim_step *claim = &decision->claims[i];
		if (claim->action == CLAIM_ACTION_CREATE &&
		    create_claim(applier, set, decision, claim, &one) < 0)
			errors_add(&all, &one);
	}
	if (all.code == ERROR_NONE)
		return 0;
	*err = all;
	return -1;
}

/* The preconditions keep a claim that was bound since, or replaced. */
static int delete_claim(const struct applier *applier, const struct statefulset *set,
			const struct claim_step *claim, struct error *err)
{
	const struct object *object = &claim->claim->object;
	if (applier_may_act(applier, err) < 0)
		return -1;
	if (kube_delete(applier->client, &claim_kind, object->namespace, object->name, object->uid,
			object->resource_version, err) < 0 &&
	    err->code != ERROR_NOT_FOUND)
		return error_prefix(err, "could not delete unused claim %s", claim->name);
	remakes_forget(applier->remakes, set->object.uid, claim->name);
	log_info("unused claim deleted", LOG_NAME("claim", object->namespace, object->name),
		 LOG_NAME("set", set->object.namespace, set->object.name));
	return 0;
}

static int settle_claim(const struct applier *applier, const struct statefulset *set,
			const struct decision *decision, const struct claim_step *claim,
			struct error *err)
{
	if (claim->conflict)
		report_conflict(applier, set, claim->name);
	if (claim->action == CLAIM_ACTION_DELETE)
		return delete_claim(applier, set, claim, err);
	if (claim->action == CLAIM_ACTION_SET_OWNERS)
		return set_owners(applier, set, decision, claim, err);
	return 0;
}

void claim_apply_forget(const struct applier *applier, const struct statefulset *set,
			const struct pod *pod)
{
	for (size_t i = 0; i < set->claim_template_count; i++) {
		CLEANUP_FREE char *name =
			must_printf("%s-%s", set->claim_templates[i].name, pod->object.name);
		remakes_forget(applier->remakes, set->object.uid, name);
	}
}

int claim_apply_owners(const struct applier *applier, const struct statefulset *set,
		       const struct decision *decision, struct error *err)
{
	for (size_t i = 0; i < decision->claim_count; i++)
		if (settle_claim(applier, set, decision, &decision->claims[i], err) < 0)
			return -1;
	return 0;
}
