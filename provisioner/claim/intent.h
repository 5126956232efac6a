/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The intent on a claim: the note, made before a node is asked for a volume, that there may be one
 * (claim/plan.h). Losing our memory, our process or the leadership loses nothing as long as the
 * intent stands.
 */

#include "apply/applier.h"
#include "base/error.h"
#include "kube/claim.h"

/* Writes the intent; *ret_claim is the claim as it is now. ERROR_CONFLICT: the claim is not what
 * it was when we looked. ERROR_NOT_FOUND: it is gone. ERROR_FORBIDDEN: the write was answered with
 * success, and the intent is not on the claim. */
int claim_intent_take(const struct applier *applier, const struct claim *claim, const char *node,
		      struct object **ret_claim, struct error *err);

/* Takes the intent off, and unselect: with it the scheduler's choice of this node, so that it
 * chooses again. A claim that is gone bears no intent. */
int claim_intent_drop(const struct applier *applier, const struct claim *claim, bool unselect,
		      struct error *err);
