/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Makes the plan of a set (set/plan.h) from one look at it, its pods and their claims.
 */

#include "base/arena.h"
#include "set/plan.h"

/* Everything in the plan lives in the arena or is borrowed from the input. */
struct plan statefulset_plan(const struct plan_input *input, struct arena *arena);

const char *delete_reason_text(enum delete_reason reason);
