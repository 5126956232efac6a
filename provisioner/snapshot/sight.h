/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the live copies show of one snapshot: references to the objects that its plan rests on. What
 * this role writes replaces them, so the next step need not wait for the copies.
 */

#include "apply/written.h"
#include "cluster/cluster.h"
#include "snapshot/plan.h"

struct snapshot_sight {
	struct object *snapshot;
	struct object *claim;
	struct object *volume;
	struct object *class;
	struct object *default_class;
	struct object *content;
	struct object *restored_to;
	struct snapshot_view view; /* of these */
};

/* 1: the copies are behind what was written; look again. */
int snapshot_sight_take(struct cluster *cluster, struct written *written, const char *namespace,
			const char *name, struct snapshot_sight *ret_sight);

/* Makes the view again: one of the objects has changed. */
void snapshot_sight_fill(struct snapshot_sight *sight);

void snapshot_sight_done(struct snapshot_sight *sight);
