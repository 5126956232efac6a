/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One look at the VolumeAttributesClass of one claim: see, plan, apply, and report.
 */

#include "apply/applier.h"
#include "base/error.h"

struct modify_reconciler;

struct modify_reconciler *modify_reconciler_new(const struct applier *applier);
void modify_reconciler_free(struct modify_reconciler *reconciler);

/* A reconcile_fn (kube/workqueue.h) of key "<namespace>/<name>". */
int modify_reconcile(struct modify_reconciler *reconciler, const char *key, struct error *err);
