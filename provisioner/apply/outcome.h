/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How one look at a content of snapshots ended: that of a snapshot, or of a group of them.
 */

#include "apply/applier.h"
#include "base/error.h"

enum outcome {
	OUTCOME_FAILED = -1, /* *err says why; ERROR_CONFLICT: another writer was faster */
	OUTCOME_DONE = 0,
	OUTCOME_AGAIN,	    /* the object has changed: look at it again */
	OUTCOME_LATER,	    /* done for now; its change wakes it, or look rarely */
	OUTCOME_INFEASIBLE, /* *err says why: look rarely */
};

/* An object that is gone needs no more. */
enum outcome outcome_gone_is_done(int r, const struct error *err);

/* Our copy may be behind what was written since: OUTCOME_AGAIN. *ret_object is a reference of the
 * caller's. */
enum outcome outcome_confirm(const struct applier *applier, const struct object *object,
			     struct object **ret_object, struct error *err);

/* What a reconcile_fn (kube/workqueue.h) returns for it. */
int outcome_result(const struct applier *applier, enum outcome outcome);
