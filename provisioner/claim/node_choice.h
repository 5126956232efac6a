/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The node for a claim for which the scheduler selects none (volumeBindingMode Immediate): of the
 * candidates, the one with most room for such a volume.
 */

#include "apply/applier.h"
#include "claim/plan.h"

/* How many candidates are asked at most. Where the row of them begins is drawn at each attempt, so
 * that in the end every node is asked. */
#define NODE_CHOICE_ASKED_MAX 32

/* Where none has any room, one of them all the same: its CreateVolume says what is in the way.
 * ERROR_EXHAUSTED: those that answered have too little room. ERROR_UNAVAILABLE: none answered.
 * Another code: what the node had against the request. The result is one of plan->candidates. */
int node_choice(const struct applier *applier, const struct claim_plan *plan,
		const struct node_view **ret_node, struct error *err);
