/* SPDX-License-Identifier: Apache-2.0 */
#include "set/statefulset_plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "set/identity.h"
#include "set/pod.h"
#include "set/retention.h"
#include "set/statefulset_status.h"

/* A claim that belongs to an earlier pod gives no event when it goes. */
#define STALE_CLAIM_LOOK_MS 1000

struct planner {
	const struct plan_input *input;
	const struct statefulset *set;
	struct arena *arena;
	struct plan plan;
	bool ordered;

	struct pod **in_range; /* by ordinal, ascending */
	size_t in_range_count;
	struct pod **condemned; /* by ordinal, descending */
	size_t condemned_count;
};

static bool is_full(const struct planner *planner)
{
	return planner->plan.count >= PLAN_DECISIONS_MAX;
}

static struct decision *add(struct planner *planner, const struct decision *decision)
{
	struct plan *plan = &planner->plan;
	if (plan->count == plan->capacity) {
		size_t capacity = plan->capacity ? plan->capacity * 2 : 8;
		struct decision *more = arena_alloc(planner->arena, capacity * sizeof(*more));
		if (plan->count)
			memcpy(more, plan->decisions, plan->count * sizeof(*more));
		plan->decisions = more;
		plan->capacity = capacity;
	}
	plan->decisions[plan->count] = *decision;
	return &plan->decisions[plan->count++];
}

/* Says why nothing more happens now. Returns true: stop. */
static bool wait_for(struct planner *planner, const char *what, const char *pod_name)
{
	planner->plan.waits_for = what;
	planner->plan.waits_for_pod = pod_name;
	return true;
}

/* Sorting pods into their places. */

static int compare_ordinals(const void *a, const void *b)
{
	int32_t left = (*(struct pod *const *)a)->ordinal;
	int32_t right = (*(struct pod *const *)b)->ordinal;
	return (left > right) - (left < right);
}

static int compare_ordinals_down(const void *a, const void *b)
{
	return compare_ordinals(b, a);
}

/* "web-01" parses as ordinal 1 of web, but is nobody's name. */
static bool has_its_name(const struct planner *planner, const struct pod *pod)
{
	return pod->ordinal >= 0 &&
	       strcmp(identity_pod_name(planner->arena, planner->set, pod->ordinal),
		      pod->object.name) == 0;
}

static void sort_pods(struct planner *planner)
{
	size_t count = planner->input->pod_count;
	planner->in_range = arena_alloc(planner->arena, count * sizeof(struct pod *));
	planner->condemned = arena_alloc(planner->arena, count * sizeof(struct pod *));
	for (size_t i = 0; i < count; i++) {
		struct pod *pod = planner->input->pods[i];
		if (!has_its_name(planner, pod))
			continue;
		if (identity_in_range(planner->set, pod->ordinal))
			planner->in_range[planner->in_range_count++] = pod;
		else
			planner->condemned[planner->condemned_count++] = pod;
	}
	qsort(planner->in_range, planner->in_range_count, sizeof(struct pod *), compare_ordinals);
	qsort(planner->condemned, planner->condemned_count, sizeof(struct pod *),
	      compare_ordinals_down);
}

/* Counting. */

static void count_pods(struct planner *planner, struct pod *const *pods, size_t count)
{
	for (size_t i = 0; i < count; i++)
		status_count(&planner->plan.status, pods[i], planner->set->min_ready_s,
			     planner->input->now_ms);
}

static struct statefulset_status empty_status(const struct plan_input *input)
{
	return (struct statefulset_status) {
		.observed_generation = input->set->object.generation,
		.collision_count = input->collision_count,
		.current_revision = input->current_revision,
		.update_revision = input->update_revision,
	};
}

/* When the next pod will have been ready for long enough. */
static uint32_t next_availability_ms(const struct planner *planner)
{
	const struct statefulset *set = planner->set;
	int64_t next_ms = 0;
	for (size_t i = 0; i < planner->input->pod_count; i++) {
		const struct pod *pod = planner->input->pods[i];
		if (!pod->ready || pod_available(pod, set->min_ready_s, planner->input->now_ms))
			continue;
		int64_t wait_ms =
			(pod->ready_since_s + set->min_ready_s) * 1000 - planner->input->now_ms;
		if (pod->ready_since_s == 0)
			wait_ms = (int64_t)set->min_ready_s * 1000;
		if (next_ms == 0 || wait_ms < next_ms)
			next_ms = wait_ms;
	}
	return next_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)next_ms;
}

/* Claims. */

static const struct claim *find_claim(const struct planner *planner, const char *name)
{
	const struct claim_lookup *lookup = &planner->input->claims;
	return lookup->find(lookup->context, name);
}

static struct retention_pod retention_view(const struct planner *planner, int32_t ordinal,
					   const struct pod *pod)
{
	return (struct retention_pod) {
		.name = identity_pod_name(planner->arena, planner->set, ordinal),
		.uid = pod ? pod->object.uid : "",
		.in_range = identity_in_range(planner->set, ordinal),
	};
}

static bool has_stale_claim(const struct planner *planner, int32_t ordinal)
{
	const struct statefulset *set = planner->set;
	struct retention_pod pod = retention_view(planner, ordinal, NULL);
	for (size_t i = 0; i < set->claim_template_count; i++) {
		const struct claim *claim = find_claim(
			planner, identity_claim_name(planner->arena, set,
						     set->claim_templates[i].name, ordinal));
		if (claim && retention_claim_is_stale(set, claim, &pod))
			return true;
	}
	return false;
}

enum claim_wish {
	WISH_PRESENT = 1 << 0, /* make what is missing */
	WISH_OWNERS = 1 << 1,
	WISH_REPORT = 1 << 2, /* a conflict of owners, even if nothing is to be done */
};

/* What one claim needs; false: nothing. */
static bool decide_claim(const struct planner *planner, const struct retention_pod *pod,
			 unsigned wishes, struct claim_step *step)
{
	step->claim = find_claim(planner, step->name);
	if (!step->claim) {
		step->action = CLAIM_ACTION_CREATE;
		return wishes & WISH_PRESENT;
	}
	if ((wishes & WISH_PRESENT) && step->claim->object.deleted_s != 0) {
		step->action = CLAIM_ACTION_AWAIT_END;
		return true;
	}
	bool fits = retention_fits(planner->set, step->claim, pod);
	step->conflict = retention_conflicts(planner->set, step->claim, pod);
	step->action = fits ? CLAIM_ACTION_NONE : CLAIM_ACTION_SET_OWNERS;
	return (wishes & WISH_OWNERS) && (!fits || (step->conflict && (wishes & WISH_REPORT)));
}

static void decide_claims(const struct planner *planner, unsigned wishes, struct decision *decision)
{
	const struct statefulset *set = planner->set;
	struct retention_pod pod = retention_view(planner, decision->ordinal, decision->pod);
	decision->claims =
		arena_alloc(planner->arena, set->claim_template_count * sizeof(*decision->claims));
	for (size_t i = 0; i < set->claim_template_count; i++) {
		const struct claim_template *template = &set->claim_templates[i];
		struct claim_step claim = {
			.template = template,
			.name = identity_claim_name(planner->arena, set, template->name,
						    decision->ordinal),
		};
		if (decide_claim(planner, &pod, wishes, &claim))
			decision->claims[decision->claim_count++] = claim;
	}
}

static void mend_claims(struct planner *planner, const struct decision *about, unsigned wishes)
{
	struct decision decision = *about;
	decision.type = DECISION_MEND_CLAIMS;
	decide_claims(planner, wishes, &decision);
	if (decision.claim_count > 0)
		add(planner, &decision);
}

/* Stage: replicas. Each function returns whether an OrderedReady set stops there. */

/* While a rollout is held back by its partition, a pod below it comes back as it was. Without
 * rollingUpdate the status says how many pods are still of the current revision. */
static bool comes_back_as_current(const struct statefulset *set, int32_t ordinal)
{
	int64_t held = set->has_rolling_update			? set->partition
		       : set->update_strategy == ROLLING_UPDATE ? set->status.current_replicas
								: 0;
	return ordinal < set->start_ordinal + held;
}

static bool create_replica(struct planner *planner, struct decision *decision)
{
	if (has_stale_claim(planner, decision->ordinal)) {
		planner->plan.look_again_ms = STALE_CLAIM_LOOK_MS;
		return wait_for(planner, "a claim of the pod before it is being removed",
				decision->pod_name);
	}
	decision->type = DECISION_CREATE_POD;
	decision->revision_name = comes_back_as_current(planner->set, decision->ordinal)
					  ? planner->input->current_revision
					  : planner->input->update_revision;
	decide_claims(planner, WISH_PRESENT | WISH_OWNERS | WISH_REPORT, decision);
	add(planner, decision);
	return wait_for(planner, "the pod was just created", decision->pod_name);
}

static bool replace_finished(struct planner *planner, struct decision *decision)
{
	decision->type = DECISION_DELETE_POD;
	decision->reason = DELETE_FINISHED;
	if (!pod_terminating(decision->pod))
		add(planner, decision);
	return wait_for(planner, "the pod has failed or finished and is being removed",
			decision->pod_name);
}

/* Why an OrderedReady set goes no further than this pod; NULL: it does. */
static const char *holds_up(const struct planner *planner, const struct pod *pod)
{
	if (pod_terminating(pod))
		return "the pod is terminating";
	if (!pod_running_and_ready(pod))
		return "the pod is not yet running and ready";
	if (!pod_available(pod, planner->set->min_ready_s, planner->input->now_ms))
		return "the pod has not been ready for minReadySeconds";
	return NULL;
}

static void keep_invariants(struct planner *planner, struct decision *decision, bool pending)
{
	bool storage = identity_storage_matches(planner->set, decision->pod);
	if (storage && identity_matches(planner->set, decision->pod)) {
		if (!pending)
			mend_claims(planner, decision, WISH_OWNERS);
		return;
	}
	decision->type = DECISION_UPDATE_POD;
	decide_claims(planner, WISH_OWNERS | (storage ? 0 : WISH_PRESENT), decision);
	add(planner, decision);
}

static bool plan_replica(struct planner *planner, struct decision *decision)
{
	const struct pod *pod = decision->pod;
	if (!pod)
		return create_replica(planner, decision);
	if (pod_finished(pod))
		return replace_finished(planner, decision);

	bool pending = pod->phase == POD_PENDING || pod->phase == POD_PHASE_NONE;
	if (pending)
		mend_claims(planner, decision, WISH_PRESENT | WISH_OWNERS | WISH_REPORT);
	const char *obstacle = holds_up(planner, pod);
	if (obstacle && planner->ordered)
		return wait_for(planner, obstacle, pod->object.name);
	keep_invariants(planner, decision, pending);
	return false;
}

static bool plan_replicas(struct planner *planner)
{
	size_t next = 0;
	int64_t end = identity_end(planner->set);
	for (int64_t ordinal = planner->set->start_ordinal; ordinal < end; ordinal++) {
		if (ordinal > INT32_MAX || is_full(planner))
			return true;
		struct pod *pod = NULL;
		if (next < planner->in_range_count && planner->in_range[next]->ordinal == ordinal)
			pod = planner->in_range[next++];
		struct decision decision = {
			.stage = STAGE_REPLICAS,
			.place = (size_t)(ordinal - planner->set->start_ordinal),
			.ordinal = (int32_t)ordinal,
			.pod_name =
				identity_pod_name(planner->arena, planner->set, (int32_t)ordinal),
			.pod = pod,
		};
		if (plan_replica(planner, &decision) && planner->ordered)
			return true;
	}
	return false;
}

/* Stages: owners and condemned. */

static struct decision about_pod(enum plan_stage stage, size_t place, const struct pod *pod)
{
	return (struct decision) {
		.stage = stage,
		.place = place,
		.ordinal = pod->ordinal,
		.pod_name = pod->object.name,
		.pod = pod,
	};
}

static void plan_owners(struct planner *planner)
{
	for (size_t i = 0; i < planner->condemned_count; i++) {
		struct decision decision = about_pod(STAGE_OWNERS, i, planner->condemned[i]);
		mend_claims(planner, &decision, WISH_OWNERS);
	}
}

static void delete_pod(struct planner *planner, enum plan_stage stage, size_t place,
		       const struct pod *pod, enum delete_reason reason)
{
	struct decision decision = about_pod(stage, place, pod);
	decision.type = DECISION_DELETE_POD;
	decision.reason = reason;
	add(planner, &decision);
}

/* All replicas are well when this is asked, so the first pod in trouble, if any, is condemned. */
static const struct pod *first_unavailable_condemned(const struct planner *planner)
{
	for (size_t i = planner->condemned_count; i-- > 0;)
		if (pod_unavailable(planner->condemned[i], planner->set->min_ready_s,
				    planner->input->now_ms))
			return planner->condemned[i];
	return NULL;
}

static bool plan_condemned_ordered(struct planner *planner)
{
	if (planner->condemned_count == 0)
		return false;
	const struct pod *pod = planner->condemned[0];
	const char *obstacle = holds_up(planner, pod);
	bool may_go = !pod_terminating(pod) && pod == first_unavailable_condemned(planner);
	if (obstacle && !may_go)
		return wait_for(planner, obstacle, pod->object.name);
	delete_pod(planner, STAGE_CONDEMNED, 0, pod, DELETE_SCALED_DOWN);
	return wait_for(planner, "the pod is being scaled away", pod->object.name);
}

static bool plan_condemned(struct planner *planner)
{
	if (planner->ordered)
		return plan_condemned_ordered(planner);
	for (size_t i = 0; i < planner->condemned_count; i++)
		if (!pod_terminating(planner->condemned[i]))
			delete_pod(planner, STAGE_CONDEMNED, i, planner->condemned[i],
				   DELETE_SCALED_DOWN);
	return false;
}

/* Stage: update. */

static bool is_outdated(const struct planner *planner, const struct pod *pod)
{
	return strcmp(pod->revision, planner->input->update_revision) != 0 &&
	       !pod_terminating(pod) && !pod_finished(pod);
}

static bool is_unavailable(const struct planner *planner, const struct pod *pod)
{
	return pod_unavailable(pod, planner->set->min_ready_s, planner->input->now_ms);
}

static int64_t count_unavailable(const struct planner *planner)
{
	int64_t missing = (int64_t)planner->set->replicas - (int64_t)planner->in_range_count;
	int64_t count = missing;
	for (size_t i = 0; i < planner->in_range_count; i++)
		count += is_unavailable(planner, planner->in_range[i]);
	return count;
}

/* Deletes outdated pods from the top down to the partition, at most `budget` of them. A Parallel
 * set takes available and unavailable ones in two rounds, an OrderedReady one as they come. */
static void delete_outdated(struct planner *planner, int64_t budget, bool available,
			    bool unavailable)
{
	int64_t lowest = (int64_t)planner->set->start_ordinal +
			 (planner->set->has_rolling_update ? planner->set->partition : 0);
	for (size_t i = planner->in_range_count; i-- > 0 && budget > 0;) {
		const struct pod *pod = planner->in_range[i];
		if (pod->ordinal < lowest)
			return;
		if (!is_outdated(planner, pod))
			continue;
		if (is_unavailable(planner, pod) ? !unavailable : !available)
			continue;
		delete_pod(planner, STAGE_UPDATE, 0, pod, DELETE_OUTDATED);
		budget--;
	}
}

/* A broken pod of the old revision serves nobody: a Parallel set replaces all of those at once, and
 * spends the budget on pods that work only afterwards (Kubernetes 1.37, issue 137409). */
static void plan_update(struct planner *planner)
{
	int64_t budget = statefulset_max_unavailable(planner->set) - count_unavailable(planner);
	if (planner->ordered) {
		delete_outdated(planner, budget, true, true);
		return;
	}
	delete_outdated(planner, INT64_MAX, false, true);
	delete_outdated(planner, budget, true, false);
}

static void plan_all(struct planner *planner)
{
	if (plan_replicas(planner)) {
		if (is_full(planner))
			planner->plan.look_again_ms = 1;
		return;
	}
	plan_owners(planner);
	if (plan_condemned(planner))
		return;
	if (planner->set->update_strategy == ROLLING_UPDATE)
		plan_update(planner);
}

struct plan statefulset_plan(const struct plan_input *input, struct arena *arena)
{
	struct planner planner = {
		.input = input,
		.set = input->set,
		.arena = arena,
		.plan.status = empty_status(input),
		.ordered = input->set->pod_management == ORDERED_READY,
	};
	if (input->set->object.deleted_s != 0) {
		count_pods(&planner, input->pods, input->pod_count);
		wait_for(&planner, "the set is being deleted", NULL);
		return planner.plan;
	}
	sort_pods(&planner);
	count_pods(&planner, planner.in_range, planner.in_range_count);
	count_pods(&planner, planner.condemned, planner.condemned_count);
	planner.plan.look_again_ms = next_availability_ms(&planner);
	plan_all(&planner);
	return planner.plan;
}

const char *delete_reason_text(enum delete_reason reason)
{
	switch (reason) {
	case DELETE_FINISHED:
		return "finished";
	case DELETE_SCALED_DOWN:
		return "scaled-down";
	case DELETE_OUTDATED:
		return "outdated";
	}
	return "";
}
