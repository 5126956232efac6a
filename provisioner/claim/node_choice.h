/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The node for a claim that nobody has selected one for (volumeBindingMode Immediate): of the
 * candidates, the one with most room for such a volume.
 */

#include "apply/applier.h"
#include "claim/plan.h"

/* How many candidates are asked at most; which ones changes from claim to claim. */
#define NODE_CHOICE_ASKED_MAX 32

/* Where none has any room, one of them all the same: its CreateVolume says what is in the way.
 * ERROR_EXHAUSTED: those that answered have too little room. ERROR_UNAVAILABLE: none answered.
 * Another code: what the node had against the request. The result is one of plan->candidates. */
int node_choice(const struct applier *applier, const struct claim_plan *plan,
		const struct node_view **ret_node, struct error *err);
