/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rollout of a new revision: which pods of an old one go now, so that they come back with the
 * new one. updateStrategy without a rollingUpdate block means what an empty block means: partition
 * 0 and one pod at a time.
 */

#include "set/planner.h"

/* The last stage, of a set whose replicas are all there. */
void update_plan(struct planner *planner);

/* The revision with which a pod of this ordinal is made: below the partition the current one. */
const char *update_plan_revision(const struct planner *planner, int32_t ordinal);
