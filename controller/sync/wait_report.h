/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What holds a set up, for its user: an event once a wait has become long, and the condition
 * Waiting in the status until it is over.
 *
 * A wait is a hold of the plan that may last until a person acts, or a request that the API refuses
 * again and again. A conflict with another writer is retried in silence, and is a wait like any
 * other if it lasts.
 */

#include "set/plan.h"
#include "sync/applier.h"

/* failure: of carrying the plan out; NULL: none. Sets the condition in *status, with strings of the
 * arena. Returns when to look again for the sake of it; 0: never. */
struct wait_report {
	const struct applier *applier;
	const struct statefulset *set;
	const struct plan *plan; /* NULL: there was no way to make one */
	const struct error *failure;
	struct arena *arena;
};

uint32_t wait_report(const struct wait_report *report, struct statefulset_status *status);
