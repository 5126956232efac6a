/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Carries out what a decision says of claims. The events are about the set, never the claim.
 */

#include "set/plan.h"
#include "sync/applier.h"

/* Makes the claims that are missing. Tries all of them; the errors are reported together. */
int claim_apply_present(const struct applier *applier, const struct statefulset *set,
			const struct decision *decision, struct error *err);

/* The set's pod is ready, or not wanted any more: claims of its name that are missing later are
 * made again at once (sync/remakes.h). */
void claim_apply_forget(const struct applier *applier, const struct statefulset *set,
			const struct pod *pod);

/* Sets owners, and deletes claims that no pod will use. Ends at the first error. */
int claim_apply_owners(const struct applier *applier, const struct statefulset *set,
		       const struct decision *decision, struct error *err);
