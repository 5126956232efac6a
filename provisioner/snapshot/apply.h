/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The effects of a snapshot's plan: each is one write, of which the sight holds the answer
 * afterwards. Each may be interrupted anywhere and repeated by another process.
 */

#include "apply/place.h"
#include "snapshot/plan.h"
#include "snapshot/sight.h"

enum snapshot_outcome {
	SNAPSHOT_FAILED = -1, /* *err says why; ERROR_CONFLICT: another writer was faster */
	SNAPSHOT_GOES_ON = 0, /* plan the next step */
	SNAPSHOT_ENDED,	      /* nothing to do until something changes */
};

enum snapshot_outcome snapshot_apply(const struct placer *placer, struct snapshot_sight *sight,
				     const struct snapshot_plan *plan, struct error *err);
