/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the claims of a set need: that each pod has its own, and that their owners are those of the
 * retention policy (set/retention.h).
 *
 * Owners follow the set's spec and nothing else. They are compared for every template and ordinal
 * at each look, whatever state the pod is in: a claim that still names the pod as its owner, though
 * the replica is wanted again, would go with that pod.
 */

#include "set/planner.h"

/* The first stage: owners that differ, and claims that no pod will use any more. False: it did not
 * fit into the plan, and no pod may be scaled away yet. */
bool claim_plan_owners(struct planner *planner);

/* Puts the claims that the decision's pod lacks into the decision. False: a claim that is on its
 * way out has the name; a hold says which. */
bool claim_plan_present(struct planner *planner, struct decision *decision);
