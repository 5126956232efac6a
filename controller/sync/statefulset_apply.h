/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Carries a plan out against the API, with the events and log lines that belong to it.
 *
 * The decisions are taken one after the other. A decision that fails holds up its own replica. Of
 * an OrderedReady set it also ends the work on pods. A Parallel set goes on with its other
 * replicas; but when refusals that may concern all of them (a quota, a webhook, a server in
 * trouble) exceed the successes by three, the rest of the stage is left for later, so that a quota
 * that refuses everything is not asked once for each replica. Nothing is deleted for an update
 * after a failure: the pod might not come back.
 *
 * Before each decision the copy of the set is looked at: the work ends when it was edited or
 * deleted meanwhile.
 *
 * Any step may have happened although its answer was lost. The next look at the set finds what
 * there is and plans from that.
 */

#include "set/statefulset_plan.h"
#include "sync/applier.h"
#include "sync/revision_history.h"

struct application {
	const struct applier *applier;
	const struct statefulset *set;
	const struct plan *plan;
	const struct revision_state *revisions;
};

/* *status begins as the plan's and is kept true to what was done, also when something failed. */
int statefulset_apply(const struct application *work, struct statefulset_status *status,
		      struct error *err);

/* Writes the status if it differs from what the set has, promoting the update revision where all
 * pods have it. If another client changed the set in between, it is read and written again, a few
 * times.
 */
int statefulset_write_status(const struct applier *applier, const struct statefulset *set,
			     struct statefulset_status *status, struct error *err);
