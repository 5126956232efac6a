/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One look at one group content: see, plan, apply, and report.
 */

#include "apply/applier.h"
#include "base/error.h"

/* A reconcile_fn (kube/workqueue.h) of key "<name>". */
int group_content_reconcile(const struct applier *applier, const char *key, struct error *err);
