/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One look at a group, a content or a member that is being deleted: see, plan, apply.
 */

#include "apply/place.h"
#include "base/error.h"

/* A reconcile_fn (kube/workqueue.h) of the keys of group/wake.h. */
int group_reconcile(const struct placer *placer, const char *key, struct error *err);
