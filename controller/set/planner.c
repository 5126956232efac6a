/* SPDX-License-Identifier: Apache-2.0 */
#include "set/planner.h"

#include <string.h>

#include "set/pod.h"

bool planner_is_full(struct planner *planner, enum plan_stage stage)
{
	if (planner->stage_counts[stage] < PLAN_STAGE_MAX)
		return false;
	planner->cut = true;
	return true;
}

bool planner_add(struct planner *planner, const struct decision *decision)
{
	struct plan *plan = &planner->plan;
	if (planner_is_full(planner, decision->stage))
		return false;
	planner->stage_counts[decision->stage]++;
	if (plan->count == plan->capacity) {
		size_t capacity = plan->capacity ? plan->capacity * 2 : 8;
		struct decision *more = arena_alloc(planner->arena, capacity * sizeof(*more));
		if (plan->count)
			memcpy(more, plan->decisions, plan->count * sizeof(*more));
		plan->decisions = more;
		plan->capacity = capacity;
	}
	plan->decisions[plan->count++] = *decision;
	return true;
}

bool planner_hold(struct planner *planner, enum hold_reason reason, const char *pod,
		  const char *claim)
{
	struct plan *plan = &planner->plan;
	if (!plan->holds)
		plan->holds = arena_alloc(planner->arena, PLAN_HOLDS_MAX * sizeof(*plan->holds));
	if (plan->hold_count < PLAN_HOLDS_MAX)
		plan->holds[plan->hold_count++] =
			(struct hold) { .reason = reason, .pod = pod, .claim = claim };
	return true;
}

void planner_look_again(struct planner *planner, uint32_t after_ms)
{
	uint32_t *plan_ms = &planner->plan.look_again_ms;
	if (after_ms && (*plan_ms == 0 || after_ms < *plan_ms))
		*plan_ms = after_ms;
}

enum hold_reason planner_obstacle(const struct planner *planner, const struct pod *pod)
{
	if (pod_terminating(pod))
		return HOLD_POD_TERMINATING;
	if (!pod_running_and_ready(pod))
		return HOLD_POD_UNREADY;
	if (!pod_available(pod, planner->set->min_ready_s, planner->input->now_ms))
		return HOLD_POD_UNAVAILABLE;
	return HOLD_NONE;
}

struct decision planner_about(enum plan_stage stage, const struct pod *pod)
{
	return (struct decision) {
		.stage = stage,
		.ordinal = pod->ordinal,
		.pod_name = pod->object.name,
		.pod = pod,
	};
}

bool planner_delete(struct planner *planner, enum plan_stage stage, const struct pod *pod,
		    enum delete_reason reason)
{
	struct decision decision = planner_about(stage, pod);
	decision.type = DECISION_DELETE_POD;
	decision.reason = reason;
	return planner_add(planner, &decision);
}
