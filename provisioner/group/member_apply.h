/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The effects of a group's plan on one of its members: each is one write. */

#include "apply/place.h"
#include "group/plan.h"
#include "group/sight.h"

/* 1: *err is a failure that the status of the group must say. */
int group_member_apply(const struct placer *placer, struct group_sight *sight,
		       const struct group_plan *plan, struct error *err);
