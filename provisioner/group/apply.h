/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The effects of a group's plan: each is one write, of which the sight holds the answer afterwards.
 * Each may be interrupted anywhere and repeated by another process.
 */

#include "apply/place.h"
#include "group/plan.h"
#include "group/sight.h"

enum group_outcome {
	GROUP_FAILED = -1, /* *err says why; ERROR_CONFLICT: another writer was faster */
	GROUP_GOES_ON = 0, /* plan the next step */
	GROUP_ENDED,	   /* nothing to do until something changes */
};

enum group_outcome group_apply(const struct placer *placer, struct group_sight *sight,
			       const struct group_plan *plan, struct error *err);
