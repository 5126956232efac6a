/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Carries a plan out against the API, with the events and log lines that belong to it.
 *
 * The decisions are taken one after the other. The first error ends the work of an OrderedReady
 * set. A Parallel set goes on to the end of the batch that the failed pod is in: batches are of 1,
 * 2, 4, … up to 500 pods, so that a quota or webhook that refuses everything is not asked too
 * often, and one sick pod does not keep the others from being made.
 *
 * Any step may have happened although its answer was lost. The next look at the set finds what
 * there is and plans from that.
 */

#include "set/statefulset_plan.h"
#include "sync/applier.h"
#include "sync/revision_history.h"

/* *status begins as the plan's and is kept true to what was done, also when something failed. */
int statefulset_apply(const struct applier *applier, const struct statefulset *set,
		      const struct plan *plan, const struct revision_state *revisions,
		      struct statefulset_status *status, struct error *err);

/* Writes the status if it differs from what the set has, promoting the update revision where all
 * pods have it. If somebody changed the set in between, it is read and written again, a few times.
 */
int statefulset_write_status(const struct applier *applier, const struct statefulset *set,
			     struct statefulset_status *status, struct error *err);

/* Where the batch ends that this place is in: 1, 3, 7, 15, … then every 500. */
size_t batch_end(size_t place);
