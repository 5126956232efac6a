/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The effects of a modify plan. Each may be interrupted anywhere and repeated by another process:
 * the node answers a repeated call from its record.
 */

#include "apply/applier.h"
#include "modify/plan.h"

enum modify_outcome {
	MODIFY_FAILED = -1, /* *err says why; ERROR_CONFLICT: another writer was faster */
	MODIFY_DONE = 0,
	MODIFY_AGAIN,	   /* the claim has changed: look at it again */
	MODIFY_ANSWERED,   /* the claim says what the node refused, and *err does: try again */
	MODIFY_INFEASIBLE, /* the same: look rarely */
};

/* SEND. */
enum modify_outcome modify_send(const struct applier *applier, const struct modify_view *view,
				const struct modify_plan *plan, struct error *err);

/* AWAIT: MODIFY_FAILED with the plan's reason. */
enum modify_outcome modify_await(const struct applier *applier, const struct modify_view *view,
				 const struct modify_plan *plan, struct error *err);

/* REJECT: MODIFY_INFEASIBLE with the plan's reason. */
enum modify_outcome modify_reject(const struct applier *applier, const struct modify_view *view,
				  const struct modify_plan *plan, struct error *err);

/* CANCEL. */
enum modify_outcome modify_cancel(const struct applier *applier, const struct modify_view *view,
				  struct error *err);
