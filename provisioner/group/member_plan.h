/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is to be done about the members of a group next: the part of group_plan() that goes through
 * them one after the other. Pure.
 *
 *	snapshot made -> content made, bound to it -> content's status -> snapshot's status
 *
 * The snapshot comes first, so that its content can name its uid from the beginning.
 */

#include "group/view.h"

/* 0: all members are whole, and *plan is as it was; 1: *plan says what is next. */
int group_members_plan(const struct group_view *view, struct group_plan *plan);

/* The snapshot, which has the name of a member or the group as its owner, is a member. A deletion
 * with --cascade=orphan strips the owner; a finalizer and the status of a member stay. */
bool group_members_has(const struct group_snapshot *group, const struct snapshot *snapshot);

/* 0: no member is left. 1: *plan says what is next, or that members are still to end. */
int group_members_plan_deletion(const struct group_view *view, struct group_plan *plan);

/* Once no member is left, and the data are to go: 0: nor is a content of one. 1: *plan says what is
 * next. Contents are left of members whose finalizers were removed, or that retain while the policy
 * of the group has become Delete. */
int group_members_plan_contents(const struct group_view *view, struct group_plan *plan);
