/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Carries out what a plan decided: creates, changes and deletes capacity objects.
 */

#include "apply/applier.h"
#include "capacity/plan.h"

/* The Deployment that owns the objects, so that they survive a rolling update of our pods and go
 * with an uninstall. */
struct capacity_owner {
	const char *name;
	const char *uid; /* NULL: no owner */
};

/* 1: the object is not what our copy shows; the watch brings the newer one. */
int capacity_apply(const struct applier *applier, const char *node_id,
		   const struct capacity_owner *owner, const struct capacity_decision *decision,
		   struct error *err);
