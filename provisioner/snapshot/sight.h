/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the live copies show of one snapshot: references to the objects that its plan rests on. What
 * this role writes replaces them, so the next step need not wait for the copies.
 */

#include "cluster/cluster.h"
#include "snapshot/plan.h"
#include "snapshot/written.h"

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
int snapshot_sight_take(struct cluster *cluster, struct snapshot_written *written,
			const char *namespace, const char *name, struct snapshot_sight *ret_sight);

/* One of the objects has changed: `object` is the reference that is now the sight's. */
void snapshot_sight_set(struct snapshot_sight *sight, struct object **place, struct object *object);

void snapshot_sight_done(struct snapshot_sight *sight);
