/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One look at one claim: see, plan, apply, and report.
 */

#include <stdint.h>

#include "apply/applier.h"
#include "base/error.h"

struct claim_reconciler;

struct claim_reconciler *claim_reconciler_new(const struct applier *applier);
void claim_reconciler_free(struct claim_reconciler *reconciler);

/* A reconcile_fn (kube/workqueue.h) of key "<namespace>/<name>". */
int claim_reconcile(struct claim_reconciler *reconciler, const char *key, struct error *err);
