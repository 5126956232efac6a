/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The node for a claim for which the scheduler selects none (volumeBindingMode Immediate): of the
 * candidates, the one with most room for such a volume. Claims "<x>-<n>", as those of a
 * StatefulSet, go to one node after the other instead, of those that have room for them.
 *
 * What is known of the candidates' room (apply/rooms.h) costs no call. The best of them are asked
 * for their room before the claim's intent names one: a node that cannot be reached, or that is
 * fuller than was known, is passed over while nothing has begun there. Where nothing is known, the
 * candidates are asked in a random order, so that in the end every node is asked.
 */

#include "apply/applier.h"
#include "claim/plan.h"

/* How many candidates are asked at most. With CreateVolume a claim costs three calls. */
#define NODE_CHOICE_ASKED_MAX 2

/* Where none has any room, it returns one of them all the same: its CreateVolume says why.
 * ERROR_EXHAUSTED: those that answered have too little room. ERROR_UNAVAILABLE: none answered.
 * Another code: a node refused the request with it. The result is one of plan->candidates. */
int node_choice(const struct applier *applier, const struct claim *claim,
		const struct claim_plan *plan, const struct node_view **ret_node,
		struct error *err);
