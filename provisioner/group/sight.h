/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the live copies show of one group: references to the objects that its plan rests on. What
 * this role writes replaces them, so the next step need not wait for the copies.
 */

#include "apply/written.h"
#include "cluster/cluster.h"
#include "group/plan.h"

/* The objects of a choice. */
struct group_choice_sight {
	struct object *claim;
	struct object *volume;
};

/* The objects of a part. */
struct group_part_sight {
	const struct group_member *member; /* of `members` */
	struct object *snapshot;
	struct object *content;
	struct object *volume;
	struct object *restored_to;
	bool ending;
};

struct group_sight {
	struct object *group;
	struct object *class;
	struct object *default_class;
	struct object *content;
	struct object *members; /* the content as it was when the parts were looked up */
	struct group_choice_sight *choices;
	size_t choice_count;
	struct group_part_sight *parts;
	size_t part_count;
	struct arena *arena;
	struct group_view view; /* of these */
};

/* 1: the copies are behind what was written; look again. */
int group_sight_take(struct cluster *cluster, struct written *written, const char *namespace,
		     const char *name, struct group_sight *ret_sight);

/* Makes the view again: one of the objects has changed. */
void group_sight_fill(struct group_sight *sight);

void group_sight_done(struct group_sight *sight);
