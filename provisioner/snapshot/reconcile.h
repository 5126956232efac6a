/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One look at a snapshot, a content or a claim of which snapshots are made: see, plan, apply.
 */

#include "base/error.h"
#include "snapshot/apply.h"

/* A reconcile_fn (kube/workqueue.h) of the keys of snapshot/wake.h. */
int snapshot_reconcile(const struct placer *placer, const char *key, struct error *err);
