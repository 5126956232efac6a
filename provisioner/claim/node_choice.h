/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The node for a claim for which the scheduler selects none (volumeBindingMode Immediate): of the
 * candidates, the one with most room for such a volume.
 */

#include "apply/applier.h"
#include "claim/plan.h"

/* How many candidates are asked at most. Each attempt begins at a random candidate, so that in the
 * end every node is asked. */
#define NODE_CHOICE_ASKED_MAX 32

/* Where none has any room, it returns one of them all the same: its CreateVolume says why.
 * ERROR_EXHAUSTED: those that answered have too little room. ERROR_UNAVAILABLE: none answered.
 * Another code: a node refused the request with it. The result is one of plan->candidates. */
int node_choice(const struct applier *applier, const struct claim_plan *plan,
		const struct node_view **ret_node, struct error *err);
