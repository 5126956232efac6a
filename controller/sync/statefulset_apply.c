/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/statefulset_apply.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "kube/informer.h"
#include "kube/json.h"
#include "kube/verbs.h"
#include "set/pod.h"
#include "set/pod_build.h"
#include "set/statefulset_status.h"
#include "sync/absence.h"
#include "sync/claim_apply.h"
#include "sync/replacements.h"

#define REFUSALS_MAX 3
#define STATUS_TRIES_MAX 5
#define STATUS_RETRY_US 10000

/* Events, in the words of Kubernetes: tools and people look for them. The set is what they are
 * about, never the pod or the claim. The reason has the verb in title case ("SuccessfulCreate"),
 * the message in lower case ("create Pod web-0 in StatefulSet web successful"). */

static void report_pod(const struct applier *applier, const struct statefulset *set,
		       const char *verb, const char *pod_name, const struct error *failure)
{
	if (failure && applier_is_passing(failure))
		return;
	CLEANUP_FREE char *reason = must_printf("%s%s", failure ? "Failed" : "Successful", verb);
	if (failure)
		event_record(applier->events, &set->object, EVENT_WARNING, reason,
			     "%c%s Pod %s in StatefulSet %s failed error: %s", tolower(verb[0]),
			     verb + 1, pod_name, set->object.name, failure->text);
	else
		event_record(applier->events, &set->object, EVENT_NORMAL, reason,
			     "%c%s Pod %s in StatefulSet %s successful", tolower(verb[0]), verb + 1,
			     pod_name, set->object.name);
}

/* Pods. */

static void log_pod_created(const struct applier *applier, const struct statefulset *set,
			    const struct decision *decision, const char *revision)
{
	uint64_t lag_ms;
	bool came_back =
		absence_ends(applier->absences, set->object.namespace, decision->pod_name, &lag_ms);
	if (came_back)
		log_info("pod created", LOG_NAME("pod", set->object.namespace, decision->pod_name),
			 LOG_NAME("set", set->object.namespace, set->object.name),
			 LOG_TEXT("revision", revision), LOG_UINT("lag_ms", lag_ms));
	else
		log_info("pod created", LOG_NAME("pod", set->object.namespace, decision->pod_name),
			 LOG_NAME("set", set->object.namespace, set->object.name),
			 LOG_TEXT("revision", revision));
}

static const struct revision *revision_named(const struct revision_state *revisions,
					     const char *name)
{
	return strcmp(revisions->current->object.name, name) == 0 ? revisions->current
								  : revisions->update;
}

/* A pod that was there already is mostly one of ours that the copy does not show yet, and needs no
 * event. One that is not ours stays in the way, so the user must get an event. */
static bool is_in_the_way(const struct applier *applier, const struct statefulset *set,
			  const char *pod_name)
{
	CLEANUP(object_unrefp) struct object *pod = NULL;
	struct error err;
	return kube_get(applier->client, &pod_kind, set->object.namespace, pod_name, &pod, &err) ==
		       0 &&
	       pod->deleted_s == 0 && !statefulset_has_name_of(set, object_controller(pod));
}

static void report_not_created(const struct applier *applier, const struct statefulset *set,
			       const char *pod_name, struct error *err)
{
	if (err->code == ERROR_EXISTS) {
		if (!is_in_the_way(applier, set, pod_name))
			return;
		error_prefix(err, "a pod that is not this set's has the name, delete it");
	}
	report_pod(applier, set, "Create", pod_name, err);
}

static int post_pod(const struct applier *applier, const struct statefulset *set,
		    const struct decision *decision, const struct revision *revision,
		    struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *body = NULL;
	CLEANUP(object_unrefp) struct object *created = NULL;
	if (applier_may_act(applier, err) < 0 ||
	    pod_build(set, revision, decision->ordinal, &body, err) < 0 ||
	    kube_create(applier->client, &pod_kind, set->object.namespace, body, &created, err) < 0)
		return -1;
	applier_wrote(applier, set, WRITTEN_POD, created);
	log_pod_created(applier, set, decision, revision->object.name);
	return 0;
}

static int create_pod(const struct applier *applier, const struct statefulset *set,
		      const struct decision *decision, const struct revision_state *revisions,
		      struct error *err)
{
	const struct revision *revision = revision_named(revisions, decision->revision_name);
	if (claim_apply_present(applier, set, decision, err) < 0) {
		report_pod(applier, set, "Create", decision->pod_name, err);
		return -1;
	}
	if (post_pod(applier, set, decision, revision, err) < 0) {
		report_not_created(applier, set, decision->pod_name, err);
		return -1;
	}
	report_pod(applier, set, "Create", decision->pod_name, NULL);
	return 0;
}

static int mend_claims(const struct applier *applier, const struct statefulset *set,
		       const struct decision *decision, struct error *err)
{
	if (claim_apply_present(applier, set, decision, err) < 0)
		return -1;
	if (claim_apply_owners(applier, set, decision, err) == 0)
		return 0;
	report_pod(applier, set, "Update", decision->pod_name, err);
	return -1;
}

/* 1: put off. */
static int patch_identity(const struct applier *applier, const struct statefulset *set,
			  const struct decision *decision, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = pod_identity_patch(decision->pod);
	return applier_patch(applier, set,
			     &(struct applier_patch) { .object = &decision->pod->object,
						       .type = KUBE_PATCH_STRATEGIC,
						       .written = WRITTEN_POD,
						       .purpose = "identity labels",
						       .patch = patch },
			     NULL, err);
}

static int update_pod(const struct applier *applier, const struct statefulset *set,
		      const struct decision *decision, struct error *err)
{
	int outcome = patch_identity(applier, set, decision, err);
	if (outcome < 0) {
		report_pod(applier, set, "Update", decision->pod_name, err);
		return -1;
	}
	if (outcome > 0)
		return 0;
	report_pod(applier, set, "Update", decision->pod_name, NULL);
	log_info("pod updated", LOG_NAME("pod", set->object.namespace, decision->pod_name),
		 LOG_NAME("set", set->object.namespace, set->object.name));
	return 0;
}

/* After a DELETE that was answered with a conflict: a missing uid means that the pod is gone, as
 * wanted, but a webhook may refuse with the same status. */
static bool is_replaced(const struct applier *applier, const struct pod *pod)
{
	CLEANUP(object_unrefp) struct object *now = NULL;
	struct error err;
	if (kube_get(applier->client, &pod_kind, pod->object.namespace, pod->object.name, &now,
		     &err) < 0)
		return err.code == ERROR_NOT_FOUND;
	return strcmp(now->uid, pod->object.uid) != 0;
}

/* The uid makes sure that it is the pod which was judged, not one that has come since. */
static int ask_to_go(const struct applier *applier, const struct pod *pod, struct error *err)
{
	if (applier_may_act(applier, err) < 0)
		return -1;
	if (kube_delete(applier->client, &pod_kind, pod->object.namespace, pod->object.name,
			pod->object.uid, NULL, err) == 0 ||
	    err->code == ERROR_NOT_FOUND ||
	    (err->code == ERROR_CONFLICT && is_replaced(applier, pod)))
		return 0;
	if (err->code == ERROR_CONFLICT)
		err->code = ERROR_FORBIDDEN; /* a webhook's refusal: the uid has not changed */
	return -1;
}

static int delete_pod(const struct applier *applier, const struct statefulset *set,
		      const struct decision *decision, struct error *err)
{
	if (ask_to_go(applier, decision->pod, err) < 0) {
		report_pod(applier, set, "Delete", decision->pod_name, err);
		return -1;
	}
	CLEANUP_FREE char *key = must_printf("%s/%s", set->object.namespace, set->object.name);
	written_note_removal(applier->written, key, &decision->pod->object);
	if (decision->reason == DELETE_FINISHED)
		replacements_note_failed(applier->replacements, decision->pod,
					 clock_monotonic_ms());
	if (decision->reason == DELETE_SCALED_DOWN)
		claim_apply_forget(applier, set, decision->pod);
	report_pod(applier, set, "Delete", decision->pod_name, NULL);
	log_info("pod deleted", LOG_NAME("pod", set->object.namespace, decision->pod_name),
		 LOG_NAME("set", set->object.namespace, set->object.name),
		 LOG_TEXT("reason", delete_reason_text(decision->reason)));
	return 0;
}

static int carry_out(const struct applier *applier, const struct statefulset *set,
		     const struct decision *decision, const struct revision_state *revisions,
		     struct error *err)
{
	switch (decision->type) {
	case DECISION_CREATE_POD:
		return create_pod(applier, set, decision, revisions, err);
	case DECISION_MEND_CLAIMS:
		return mend_claims(applier, set, decision, err);
	case DECISION_UPDATE_POD:
		return update_pod(applier, set, decision, err);
	case DECISION_DELETE_POD:
		return delete_pod(applier, set, decision, err);
	}
	return 0;
}

static void count_deletion(struct statefulset_status *status, const struct decision *decision)
{
	if (decision->stage == STAGE_UPDATE &&
	    strcmp(decision->pod->revision, status->current_revision) == 0 &&
	    status->current_replicas > 0)
		status->current_replicas--;
}

/* Only that object is in the way; other replicas may succeed. */
static bool concerns_one_object(const struct error *err)
{
	return err->code == ERROR_EXISTS || err->code == ERROR_CONFLICT ||
	       err->code == ERROR_NOT_FOUND || err->code == ERROR_BUSY;
}

struct progress {
	const struct application *work;
	enum plan_stage stage;
	unsigned successes; /* in this stage */
	unsigned refusals;  /* in this stage, of the kind that may concern all replicas */
	bool pod_failed;    /* in any stage but that of owners */
	bool *undone;	    /* by decision */
};

/* A decision that was not carried out holds up what the plan says of that replica afterwards. */
static bool replica_waits(const struct progress *progress, size_t which)
{
	const struct plan *plan = progress->work->plan;
	for (size_t i = 0; i < which; i++)
		if (progress->undone[i] &&
		    plan->decisions[i].ordinal == plan->decisions[which].ordinal)
			return true;
	return false;
}

static bool stage_has_ended(const struct progress *progress)
{
	bool in_order = progress->work->set->pod_management == ORDERED_READY ||
			progress->stage == STAGE_UPDATE;
	return (in_order && progress->pod_failed && progress->stage != STAGE_OWNERS) ||
	       progress->refusals >= REFUSALS_MAX + progress->successes;
}

static void enter_stage(struct progress *progress, enum plan_stage stage)
{
	if (stage == progress->stage)
		return;
	progress->stage = stage;
	progress->successes = 0;
	progress->refusals = 0;
}

static void note_failure(struct progress *progress, const struct error *err)
{
	progress->refusals += !concerns_one_object(err);
	progress->pod_failed = progress->pod_failed || progress->stage != STAGE_OWNERS;
}

/* The set has been edited or deleted since the plan was made: the rest may be wrong. */
static bool is_overtaken(const struct application *work)
{
	const struct object *planned = &work->set->object;
	CLEANUP(object_unrefp)
	struct object *now = informer_get(work->applier->informers[WRITTEN_SET], planned->namespace,
					  planned->name);
	return !now || strcmp(now->uid, planned->uid) != 0 ||
	       now->generation != planned->generation || now->deleted_s != planned->deleted_s;
}

static int apply_one(struct progress *progress, size_t which, struct statefulset_status *status,
		     struct error *err)
{
	const struct application *work = progress->work;
	const struct decision *decision = &work->plan->decisions[which];
	enter_stage(progress, decision->stage);
	progress->undone[which] = true;
	if (stage_has_ended(progress) || replica_waits(progress, which))
		return 0;
	if (carry_out(work->applier, work->set, decision, work->revisions, err) < 0) {
		note_failure(progress, err);
		return -1;
	}
	progress->undone[which] = false;
	progress->successes++;
	count_deletion(status, decision);
	return 0;
}

int statefulset_apply(const struct application *work, struct statefulset_status *status,
		      struct error *err)
{
	CLEANUP_FREE bool *undone = must_alloc(work->plan->count * sizeof(*undone));
	struct progress progress = { .work = work, .undone = undone };
	struct error all = { 0 };
	*status = work->plan->status;
	for (size_t i = 0; i < work->plan->count; i++) {
		struct error one = { 0 };
		if (is_overtaken(work))
			break;
		if (apply_one(&progress, i, status, &one) < 0)
			errors_add(&all, &one);
	}
	if (all.code == ERROR_NONE)
		return 0;
	*err = all;
	return -1;
}

/* Status. */

static void log_status(const struct statefulset *set, const struct statefulset_status *status)
{
	log_info("status written", LOG_NAME("set", set->object.namespace, set->object.name),
		 LOG_INT("replicas", status->replicas), LOG_INT("ready", status->ready_replicas),
		 LOG_INT("updated", status->updated_replicas),
		 LOG_TEXT("current_revision", status->current_revision),
		 LOG_TEXT("update_revision", status->update_revision));
}

static int patch_status(const struct applier *applier, const struct statefulset *set,
			const struct statefulset_status *status, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = status_patch(status, set);
	int outcome = applier_patch(applier, set,
				    &(struct applier_patch) { .object = &set->object,
							      .subresource = "status",
							      .type = KUBE_PATCH_STRATEGIC,
							      .written = WRITTEN_SET,
							      .purpose = "status",
							      .patch = patch },
				    NULL, err);
	if (outcome == 0)
		log_status(set, status);
	return outcome < 0 ? -1 : 0;
}

/* The set as it is now; ERROR_NOT_FOUND also if another one has its name by now. */
static int read_again(const struct applier *applier, const struct statefulset *set,
		      struct object **ret_object, struct error *err)
{
	struct object *object;
	if (kube_get(applier->client, set->object.kind, set->object.namespace, set->object.name,
		     &object, err) < 0)
		return -1;
	if (strcmp(object->uid, set->object.uid) == 0) {
		*ret_object = object;
		return 0;
	}
	object_unref(object);
	return error_set(err, ERROR_NOT_FOUND, "%s/%s is another set by now", set->object.namespace,
			 set->object.name);
}

static int write_over(const struct applier *applier, const struct statefulset *set,
		      const struct statefulset_status *status, struct error *err)
{
	CLEANUP(object_unrefp) struct object *now = NULL;
	usleep(STATUS_RETRY_US);
	if (read_again(applier, set, &now, err) < 0)
		return -1;
	return patch_status(applier, statefulset_of(now), status, err);
}

int statefulset_write_status(const struct applier *applier, const struct statefulset *set,
			     struct statefulset_status *status, struct error *err)
{
	status_promote(status, set);
	if (!status_differs(status, set))
		return 0;
	int outcome = patch_status(applier, set, status, err);
	for (int tries = 1; outcome < 0 && err->code == ERROR_CONFLICT && tries < STATUS_TRIES_MAX;
	     tries++)
		outcome = write_over(applier, set, status, err);
	return outcome;
}
