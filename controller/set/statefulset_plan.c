/* SPDX-License-Identifier: Apache-2.0 */
#include "set/statefulset_plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "set/claim_plan.h"
#include "set/identity.h"
#include "set/planner.h"
#include "set/pod.h"
#include "set/statefulset_status.h"
#include "set/update_plan.h"

/* The end of a claim wakes its set, so this look is a safeguard. */
#define CLAIM_LOOK_MS 5000

/* So many ordinals without a pod are looked at: a set may ask for 2^31 of them. */
#define WALK_MAX 10000

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

/* "web-01" parses as ordinal 1 of web, but no pod of the set has this name. */
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

/* Stage: replicas. Each function returns whether an OrderedReady set stops there. */

/* A pod of that name which is not the set's: the API would refuse a second one. */
static enum hold_reason name_is_taken(const struct planner *planner, const char *pod_name)
{
	const struct pod_lookup *lookup = &planner->input->pods_by_name;
	const struct pod *pod = lookup->find ? lookup->find(lookup->context, pod_name) : NULL;
	if (!pod)
		return HOLD_NONE;
	if (pod_terminating(pod))
		return HOLD_POD_TERMINATING;
	return statefulset_has_name_of(planner->set, object_controller(&pod->object))
		       ? HOLD_POD_EARLIER
		       : HOLD_POD_FOREIGN;
}

static uint32_t wait_ms(const struct planner *planner, int32_t ordinal, const char *pod_name,
			bool missing)
{
	const struct replacement_lookup *lookup = &planner->input->replacements;
	return lookup->wait_ms ? lookup->wait_ms(lookup->context, pod_name,
						 update_plan_revision(planner, ordinal), missing)
			       : 0;
}

static bool create_replica(struct planner *planner, struct decision *decision)
{
	enum hold_reason taken = name_is_taken(planner, decision->pod_name);
	uint32_t pause_ms = wait_ms(planner, decision->ordinal, decision->pod_name, true);
	if (taken != HOLD_NONE)
		return planner_hold(planner, taken, decision->pod_name, NULL);
	if (pause_ms > 0) {
		planner_look_again(planner, pause_ms);
		return planner_hold(planner, HOLD_POD_VANISHED, decision->pod_name, NULL);
	}
	if (!claim_plan_present(planner, decision)) {
		planner_look_again(planner, CLAIM_LOOK_MS);
		return true;
	}
	decision->type = DECISION_CREATE_POD;
	decision->revision_name = update_plan_revision(planner, decision->ordinal);
	planner_add(planner, decision);
	return planner_hold(planner, HOLD_POD_CREATED, decision->pod_name, NULL);
}

/* A pod that comes back as it was may fail again at once, so it waits. One that comes back with
 * another template is a new attempt. */
static uint32_t replacement_wait_ms(const struct planner *planner, const struct pod *pod)
{
	if (strcmp(pod->revision, update_plan_revision(planner, pod->ordinal)) != 0)
		return 0;
	return wait_ms(planner, pod->ordinal, pod->object.name, false);
}

static bool replace_finished(struct planner *planner, const struct pod *pod)
{
	uint32_t pause_ms = replacement_wait_ms(planner, pod);
	if (pod_terminating(pod))
		return planner_hold(planner, HOLD_POD_TERMINATING, pod->object.name, NULL);
	if (pause_ms > 0) {
		planner_look_again(planner, pause_ms);
		return planner_hold(planner, HOLD_POD_BACKOFF, pod->object.name, NULL);
	}
	planner_delete(planner, STAGE_REPLICAS, pod, DELETE_FINISHED);
	return planner_hold(planner, HOLD_POD_DELETED, pod->object.name, NULL);
}

/* The volumes of a pod cannot change, so a pod that lacks one stays as it is until it is replaced,
 * and the set goes on. */
static void keep_invariants(struct planner *planner, struct decision *decision)
{
	const struct pod *pod = decision->pod;
	if (!identity_storage_matches(planner->set, pod))
		planner_hold(planner, HOLD_POD_STORAGE, pod->object.name, NULL);
	if (identity_matches(planner->set, pod))
		return;
	decision->type = DECISION_UPDATE_POD;
	planner_add(planner, decision);
}

/* A pending pod may lack a claim that was removed after the pod was made. */
static void give_missing_claims(struct planner *planner, const struct decision *about)
{
	struct decision decision = *about;
	decision.type = DECISION_MEND_CLAIMS;
	claim_plan_present(planner, &decision);
	if (decision.claim_count > 0)
		planner_add(planner, &decision);
}

static bool plan_replica(struct planner *planner, struct decision *decision)
{
	const struct pod *pod = decision->pod;
	if (!pod)
		return create_replica(planner, decision);
	if (pod_finished(pod))
		return replace_finished(planner, pod);
	if (pod->phase == POD_PENDING || pod->phase == POD_PHASE_NONE)
		give_missing_claims(planner, decision);
	enum hold_reason obstacle = planner_obstacle(planner, pod);
	if (obstacle != HOLD_NONE && planner->ordered)
		return planner_hold(planner, obstacle, pod->object.name, NULL);
	keep_invariants(planner, decision);
	return false;
}

/* True: the stages behind must wait. */
static bool plan_replicas(struct planner *planner)
{
	size_t next = 0;
	size_t missing = 0;
	int64_t end = identity_end(planner->set);
	for (int64_t ordinal = planner->set->start_ordinal; ordinal < end; ordinal++) {
		struct pod *pod = NULL;
		if (ordinal > INT32_MAX)
			return true;
		if (next < planner->in_range_count && planner->in_range[next]->ordinal == ordinal)
			pod = planner->in_range[next++];
		if (!pod && ++missing > WALK_MAX)
			return true;
		struct decision decision = {
			.stage = STAGE_REPLICAS,
			.ordinal = (int32_t)ordinal,
			.pod_name =
				identity_pod_name(planner->arena, planner->set, (int32_t)ordinal),
			.pod = pod,
		};
		if ((plan_replica(planner, &decision) && planner->ordered) ||
		    planner_is_full(planner, STAGE_REPLICAS))
			return true;
	}
	return false;
}

/* Stage: condemned. */

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
	enum hold_reason obstacle = planner_obstacle(planner, pod);
	bool may_go = !pod_terminating(pod) && pod == first_unavailable_condemned(planner);
	if (obstacle != HOLD_NONE && !may_go)
		return planner_hold(planner,
				    obstacle == HOLD_POD_UNREADY ? HOLD_SCALE_DOWN : obstacle,
				    pod->object.name, NULL);
	planner_delete(planner, STAGE_CONDEMNED, pod, DELETE_SCALED_DOWN);
	return planner_hold(planner, HOLD_POD_DELETED, pod->object.name, NULL);
}

/* True: the update must wait. */
static bool plan_condemned(struct planner *planner)
{
	if (planner->ordered)
		return plan_condemned_ordered(planner);
	for (size_t i = 0; i < planner->condemned_count; i++)
		if (!pod_terminating(planner->condemned[i]) &&
		    !planner_delete(planner, STAGE_CONDEMNED, planner->condemned[i],
				    DELETE_SCALED_DOWN))
			return true;
	return false;
}

/* A pod is only scaled away after its claims say what becomes of them. */
static void plan_all(struct planner *planner)
{
	bool owners_planned = claim_plan_owners(planner);
	bool stop = plan_replicas(planner);
	if (!owners_planned || (stop && planner->ordered))
		return;
	stop = plan_condemned(planner) || stop;
	if (!stop && planner->set->update_strategy == ROLLING_UPDATE)
		update_plan(planner);
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
		planner_hold(&planner, HOLD_SET_DELETED, NULL, NULL);
		return planner.plan;
	}
	sort_pods(&planner);
	count_pods(&planner, planner.in_range, planner.in_range_count);
	count_pods(&planner, planner.condemned, planner.condemned_count);
	planner_look_again(&planner, next_availability_ms(&planner));
	plan_all(&planner);
	if (planner.cut)
		planner_look_again(&planner, 1);
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
