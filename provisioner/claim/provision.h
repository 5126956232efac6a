/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The effects of a claim's plan: the intent, the call to the node, the PersistentVolume, and what
 * it takes to undo them. Each may be interrupted anywhere and repeated by another process, which
 * finds what has been done and does not do it twice.
 */

#include "apply/applier.h"
#include "claim/plan.h"

/* The node refuses the request as it is (INVALID_ARGUMENT). */
#define CLAIM_INFEASIBLE 2

/* PROVISION, up to the PersistentVolume. The intent stays until our own copy of the cluster shows
 * the volume (SETTLE), so that a look at an older copy does not make it again. 1: not now, the
 * claim has changed: look again. CLAIM_INFEASIBLE: *err; asking again soon does not help. -1:
 * failed. After both, where it is certain that no volume was made, the intent has been undone. */
int claim_provision(const struct applier *applier, const struct claim *claim,
		    const struct class *class, const struct claim_plan *plan, struct error *err);

/* UNDO: deletes the volume that may be there, unless a PersistentVolume stands for it. */
int claim_undo(const struct applier *applier, const struct claim *claim,
	       const struct claim_plan *plan, struct error *err);

/* RESCHEDULE: deletes what may have been made there, then removes the scheduler's choice. */
int claim_reschedule(const struct applier *applier, const struct claim *claim,
		     const struct claim_plan *plan, struct error *err);
