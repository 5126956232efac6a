/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/set_sync.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "kube/claim.h"
#include "kube/event.h"
#include "kube/informer.h"
#include "set/pod.h"
#include "set/statefulset_plan.h"
#include "sync/applier.h"
#include "sync/claim_apply.h"
#include "sync/ownership.h"
#include "sync/remakes.h"
#include "sync/repeats.h"
#include "sync/replacements.h"
#include "sync/revision_history.h"
#include "sync/statefulset_apply.h"
#include "sync/wait_report.h"

/* What a plan looks up in the copies, with references for the life of the plan. */
struct sight {
	const struct applier *applier;
	const char *namespace;
	const char *set_uid;
	struct object_list seen;
	size_t capacity;
	struct object_list owned_claims;
};

static const struct object *see(struct sight *sight, enum written_kind kind, const char *name)
{
	struct object *object =
		informer_get(sight->applier->informers[kind], sight->namespace, name);
	if (!object)
		return NULL;
	if (sight->seen.count == sight->capacity) {
		sight->capacity = sight->capacity ? sight->capacity * 2 : 8;
		sight->seen.items = must_realloc(sight->seen.items,
						 sight->capacity * sizeof(*sight->seen.items));
	}
	sight->seen.items[sight->seen.count++] = object;
	return object;
}

static const struct claim *find_claim(void *context, const char *name)
{
	return (const struct claim *)see(context, WRITTEN_CLAIM, name);
}

static const struct pod *find_pod(void *context, const char *name)
{
	return (const struct pod *)see(context, WRITTEN_POD, name);
}

static uint32_t find_wait_ms(void *context, const char *pod_name, const char *revision,
			     bool missing)
{
	const struct sight *sight = context;
	const struct replacement_question question = { .namespace = sight->namespace,
						       .pod_name = pod_name,
						       .revision = revision,
						       .missing = missing };
	return replacements_wait_ms(sight->applier->replacements, &question, clock_monotonic_ms());
}

static uint32_t find_claim_wait_ms(void *context, const char *name)
{
	const struct sight *sight = context;
	return remakes_wait_ms(sight->applier->remakes, sight->set_uid, name, clock_monotonic_ms());
}

static void sight_begin(struct sight *sight, const struct statefulset *set)
{
	CLEANUP_FREE char *key = must_printf("%s/%s", set->object.namespace, set->object.uid);
	informer_list(sight->applier->informers[WRITTEN_CLAIM], key, &sight->owned_claims);
}

static void sight_done(struct sight *sight)
{
	object_list_done(&sight->seen);
	object_list_done(&sight->owned_claims);
}

/* A set that is being deleted gets its counts and nothing else. */
static int count_only(const struct applier *applier, const struct statefulset *set,
		      const struct object_list *pods, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	struct plan_input input = {
		.set = set,
		.pods = (struct pod *const *)pods->items,
		.pod_count = pods->count,
		.current_revision = set->status.current_revision,
		.update_revision = set->status.update_revision,
		.collision_count = set->status.collision_count,
		.now_ms = clock_wall_us() / 1000,
	};
	struct plan plan = statefulset_plan(&input, arena);
	return statefulset_write_status(applier, set, &plan.status, err);
}

/* The words of Kubernetes around the sentence, as for a request that was refused. */
static void report_holds(const struct applier *applier, const struct statefulset *set,
			 const struct plan *plan)
{
	for (size_t i = 0; i < plan->hold_count; i++) {
		const struct hold *hold = &plan->holds[i];
		CLEANUP_TEXT struct text sentence = TEXT_INIT;
		hold_describe(hold, &sentence);
		if (hold_is_refusal(hold->reason))
			event_record(applier->events, &set->object, EVENT_WARNING, "FailedCreate",
				     "create Pod %s in StatefulSet %s failed error: %s", hold->pod,
				     set->object.name, text_string(&sentence));
	}
}

static void log_plan(const struct statefulset *set, const struct plan *plan)
{
	const struct hold none = { 0 };
	const struct hold *hold = plan->hold_count ? &plan->holds[plan->hold_count - 1] : &none;
	log_debug("set planned", LOG_NAME("set", set->object.namespace, set->object.name),
		  LOG_UINT("decisions", plan->count), LOG_UINT("holds", plan->hold_count),
		  LOG_TEXT("waits_for", hold_reason_text(hold->reason)), LOG_TEXT("pod", hold->pod),
		  LOG_TEXT("claim", hold->claim));
}

static void forget_failures(const struct applier *applier, const struct statefulset *set,
			    const struct object_list *pods)
{
	for (size_t i = 0; i < pods->count; i++) {
		const struct pod *pod = pod_of(pods->items[i]);
		if (!pod_running_and_ready(pod))
			continue;
		replacements_forget(applier->replacements, pod->object.namespace, pod->object.name);
		claim_apply_forget(applier, set, pod);
	}
}

static uint32_t sooner_ms(uint32_t a_ms, uint32_t b_ms)
{
	return !a_ms || (b_ms && b_ms < a_ms) ? b_ms : a_ms;
}

/* The status is written also when something failed: what could be done is worth showing. */
static int apply(const struct application *work, struct arena *arena, struct error *err)
{
	struct statefulset_status status;
	struct error status_error;
	int outcome = statefulset_apply(work, &status, err);
	const struct wait_report report = { .applier = work->applier,
					    .set = work->set,
					    .plan = work->plan,
					    .failure = outcome < 0 ? err : NULL,
					    .arena = arena };
	uint32_t again_ms = sooner_ms(work->plan->look_again_ms, wait_report(&report, &status));
	if (statefulset_write_status(work->applier, work->set, &status, &status_error) < 0 &&
	    outcome == 0) {
		*err = status_error;
		return -1;
	}
	if (outcome < 0)
		return -1;
	again_ms = sooner_ms(again_ms, repeats_due_ms(work->applier->repeats, work->set->object.uid,
						      clock_monotonic_ms()));
	return again_ms > INT32_MAX ? INT32_MAX : (int)again_ms;
}

static int plan_and_apply(const struct applier *applier, const struct statefulset *set,
			  const struct object_list *pods, const struct revision_state *revisions,
			  struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	CLEANUP(sight_done)
	struct sight sight = { .applier = applier,
			       .namespace = set->object.namespace,
			       .set_uid = set->object.uid };
	sight_begin(&sight, set);
	struct plan_input input = {
		.set = set,
		.pods = (struct pod *const *)pods->items,
		.pod_count = pods->count,
		.pods_by_name = { .find = find_pod, .context = &sight },
		.replacements = { .wait_ms = find_wait_ms, .context = &sight },
		.claims = { .find = find_claim, .wait_ms = find_claim_wait_ms, .context = &sight },
		.owned_claims = (const struct claim *const *)sight.owned_claims.items,
		.owned_claim_count = sight.owned_claims.count,
		.current_revision = revisions->current->object.name,
		.update_revision = revisions->update->object.name,
		.collision_count = revisions->collision_count,
		.now_ms = clock_wall_us() / 1000,
	};
	forget_failures(applier, set, pods);
	struct plan plan = statefulset_plan(&input, arena);
	log_plan(set, &plan);
	report_holds(applier, set, &plan);
	struct application work = {
		.applier = applier, .set = set, .plan = &plan, .revisions = revisions
	};
	return apply(&work, arena, err);
}

/* Without its revision no pod can be made. A refusal by the API (a quota, a webhook) may last; the
 * rest of the status stays as it is. */
static void report_revision(const struct applier *applier, const struct statefulset *set,
			    const struct error *failure)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	struct statefulset_status status = set->status;
	struct error unread;
	if (failure->code == ERROR_FORBIDDEN || failure->code == ERROR_INVALID)
		event_record(applier->events, &set->object, EVENT_WARNING, "FailedCreate",
			     "create ControllerRevision in StatefulSet %s failed error: %s",
			     set->object.name, failure->text);
	const struct wait_report report = {
		.applier = applier, .set = set, .failure = failure, .arena = arena
	};
	wait_report(&report, &status);
	statefulset_write_status(applier, set, &status, &unread);
}

static int run_set(const struct applier *applier, const struct statefulset *set,
		   const struct object_list *pods, const struct object_list *revisions,
		   struct error *err)
{
	CLEANUP(revision_state_done) struct revision_state state = { 0 };
	struct error truncate_error;
	if (revision_history_settle(applier, set, revisions, &state, err) < 0) {
		report_revision(applier, set, err);
		return -1;
	}
	int outcome = plan_and_apply(applier, set, pods, &state, err);
	if (revision_history_truncate(applier, set, revisions, &state, pods, &truncate_error) < 0 &&
	    outcome >= 0) {
		*err = truncate_error;
		return -1;
	}
	return outcome;
}

/* Kubernetes' Recreate is alpha; without its gate its controller says this too. */
static int refuse_recreate(const struct applier *applier, const struct statefulset *set,
			   struct error *err)
{
	error_set(err, ERROR_UNSUPPORTED,
		  "statefulset %s/%s uses the Recreate strategy, which is not served here: use "
		  "RollingUpdate or OnDelete",
		  set->object.namespace, set->object.name);
	event_record(applier->events, &set->object, EVENT_WARNING, "UnknownStrategy", "%s",
		     err->text);
	return -1;
}

int set_sync(const struct applier *applier, const struct statefulset *set, const char *key,
	     struct error *err)
{
	bool being_deleted = set->object.deleted_s != 0;
	CLEANUP_OBJECT_LIST struct object_list revisions = { 0 };
	CLEANUP_OBJECT_LIST struct object_list candidates = { 0 };
	CLEANUP_OBJECT_LIST struct object_list pods = { 0 };

	revision_history_list(applier->informers[WRITTEN_REVISION], set, &revisions);
	if (!being_deleted && revision_history_adopt(applier, set, &revisions, err) < 0)
		return -1;
	informer_list(applier->informers[WRITTEN_POD], key, &candidates);
	if (ownership_settle(applier, set, &candidates, &pods, err) < 0)
		return -1;
	if (being_deleted)
		return count_only(applier, set, &pods, err);
	if (set->update_strategy == RECREATE)
		return refuse_recreate(applier, set, err);
	return run_set(applier, set, &pods, &revisions, err);
}
