/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is to be done about a VolumeGroupSnapshot next. Pure.
 *
 *	new -> prepared -> claims protected -> content made -> bound
 *	    -> (on a node: the role "snapshot" has the group cut)
 *	    -> for each member: snapshot made, its content made, both with a status -> ready
 *	deleted -> content marked -> members released and deleted
 *	    -> contents of members that are left deleted, content deleted (policy Delete)
 *	    -> released
 *
 * Each decision is one write, four for a member. After it the plan is made again from what the
 * write has answered, so a process that ends anywhere is continued by the next one.
 *
 * A member is an ordinary VolumeSnapshot, to which this role gives a content that is part of the
 * group; the rest of its life, to its end, is that of any other (snapshot/plan.h).
 */

#include "group/view.h"

/* Our driver's, so this role's. Others are never written to. */
bool group_is_ours(const struct group_view *view);

/* Each names the other. content may be NULL. */
bool group_is_bound_to(const struct group_snapshot *group, const struct group_content *content);

void group_plan(const struct group_view *view, struct group_plan *ret_plan);
