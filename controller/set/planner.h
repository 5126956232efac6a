/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A plan in the making, shared by the parts of the planner: the replicas and the scaling
 * (statefulset_plan.c), the claims (claim_plan.c), the rollout (update_plan.c).
 */

#include <stdbool.h>

#include "set/plan.h"

struct planner {
	const struct plan_input *input;
	const struct statefulset *set;
	struct arena *arena;
	struct plan plan;
	bool ordered;
	bool cut; /* a stage was full: the plan is not the whole of what is due */
	size_t stage_counts[PLAN_STAGES];

	struct pod **in_range; /* by ordinal, ascending */
	size_t in_range_count;
	struct pod **condemned; /* by ordinal, descending */
	size_t condemned_count;
};

/* False: the stage is full, and the plan is marked as cut. */
bool planner_add(struct planner *planner, const struct decision *decision);

/* Marks the plan as cut if it is. */
bool planner_is_full(struct planner *planner, enum plan_stage stage);

/* Notes a hold, up to a bound. Returns true: an OrderedReady set stops there. */
bool planner_hold(struct planner *planner, enum hold_reason reason, const char *pod,
		  const char *claim);

/* Time alone changes something then. The earliest of several moments counts; 0 is none. */
void planner_look_again(struct planner *planner, uint32_t after_ms);

/* Why an OrderedReady set goes no further than this pod; HOLD_NONE: it does. */
enum hold_reason planner_obstacle(const struct planner *planner, const struct pod *pod);

struct decision planner_about(enum plan_stage stage, const struct pod *pod);
bool planner_delete(struct planner *planner, enum plan_stage stage, const struct pod *pod,
		    enum delete_reason reason);
