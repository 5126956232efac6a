/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The intent on a claim: a record, written before a node is asked for a volume, that there may be
 * one (claim/plan.h). While it is on the claim, a crash or a change of leader loses no volume.
 */

#include "apply/applier.h"
#include "base/error.h"
#include "claim/plan.h"
#include "kube/claim.h"

/* Writes the intent of the plan, and removes the scheduler's choice if the plan says so; *ret_claim
 * is the claim as it is now. ERROR_CONFLICT: the claim is not what
 * it was when we looked. ERROR_NOT_FOUND: it is gone. ERROR_FORBIDDEN: the write was answered with
 * success, and the intent is not on the claim. */
int claim_intent_take(const struct applier *applier, const struct claim *claim,
		      const struct claim_plan *plan, struct object **ret_claim, struct error *err);

/* Removes the intent. unselect: also removes the scheduler's choice of this node, so that it
 * chooses again. A claim that is gone counts as one without an intent. */
int claim_intent_drop(const struct applier *applier, const struct claim *claim, bool unselect,
		      struct error *err);
