/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where the volumes of a group are. All of them must be on one node: they are held together while
 * the group is cut, and no two nodes can hold at the same moment. Pure.
 */

#include "base/text.h"
#include "group/view.h"

bool group_places_are_one(const struct group_choice *choices, size_t count);

/* "node-a: www-0, www-1; node-b: www-2", of the first of them where there are many. */
void group_places_print(const struct group_choice *choices, size_t count, struct text *text);
