/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The effects of a growth plan. Each may be interrupted anywhere and repeated by another process:
 * the node answers a repeated request from its record.
 */

#include "apply/applier.h"
#include "growth/plan.h"

enum growth_outcome {
	GROWTH_FAILED = -1, /* *err says why; ERROR_CONFLICT: another writer was faster */
	GROWTH_DONE = 0,
	GROWTH_AGAIN,	   /* the claim has changed: look at it again */
	GROWTH_INFEASIBLE, /* the claim says so, and *err does: look rarely */
};

/* EXPAND. */
enum growth_outcome growth_expand(const struct applier *applier, const struct growth_view *view,
				  const struct growth_plan *plan, struct error *err);

/* TIDY. */
enum growth_outcome growth_tidy(const struct applier *applier, const struct growth_view *view,
				struct error *err);
