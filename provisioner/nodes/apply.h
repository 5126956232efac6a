/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The effects of a plan about a volume whose node may be gone. Interrupted anywhere, each can be
 * repeated with the same outcome. ERROR_CONFLICT, ERROR_INVALID: the object has changed.
 */

#include "apply/applier.h"
#include "nodes/plan.h"

/* MARK. */
int node_life_mark(const struct applier *applier, const struct node_life_view *view,
		   struct error *err);

/* UNMARK. */
int node_life_unmark(const struct applier *applier, const struct persistent_volume *volume,
		     struct error *err);

/* FORGET. view->volume may be behind: it and the Node are read again before the record is deleted.
 */
int node_life_forget(const struct applier *applier, const struct node_life_view *view,
		     const struct node_life_plan *plan, struct error *err);
