/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What to do about the capacity objects (cluster/storage_capacity.h) of one node. Pure.
 *
 * There is one object for each class that binds late, and by a flag for the others. Its values are
 * what the node answered to GetCapacity; where no answer came, an object keeps what it says. An
 * object without a class, a second object of a class, and every object of a node that does not
 * count are deleted.
 *
 * The scheduler reads all objects for each pod, and each write costs the API server and everyone
 * who watches. So a change is held back for a while after the last write, and a small change for
 * longer, unless it decides whether a claim fits: room that appears, room that is gone, and the
 * answer of a node that just refused a claim are written at once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "cluster/storage_capacity.h"

#define CAPACITY_HOLD_MS 5000			/* between two writes of one object */
#define CAPACITY_LAG_MS 1000			/* of the live copy behind a creation */
#define CAPACITY_HOLD_SMALL_MS 60000		/* of a change below one percent */
#define CAPACITY_ANYTHING ((uint64_t)INT64_MAX) /* of a class that every node refuses alike */

static inline bool capacity_is_anything(const struct room *room)
{
	return room->capacity_bytes == CAPACITY_ANYTHING;
}

/* A class, and what the node said of it. */
struct capacity_class {
	const char *name;
	bool unpublished; /* it wants no object */
	bool answered;
	struct room room;    /* if answered */
	uint64_t written_ms; /* when we last wrote its object; 0: not in this process */
};

struct capacity_view {
	const char *node_id;
	bool node_counts; /* the driver is registered there, and the Node has its label */
	const struct capacity_class *classes;
	size_t class_count;
	struct storage_capacity *const *objects; /* ours that name the node */
	size_t object_count;
	const char *owner_uid; /* of the Deployment that owns the objects; NULL: none does */
	uint64_t now_ms;
	bool at_once; /* hold nothing back */
};

enum capacity_action { CAPACITY_CREATE, CAPACITY_UPDATE, CAPACITY_DELETE };

struct capacity_decision {
	enum capacity_action action;
	const char *class_name;
	const struct storage_capacity *object; /* NULL: to be created */
	struct room room;
};

struct capacity_plan {
	struct capacity_decision *decisions;
	size_t count;
	uint32_t wait_ms; /* until what is held back is due; 0: nothing is */
	size_t wanted;	  /* objects that there should be */
	size_t current;	  /* of these there are */
	size_t obsolete;  /* objects that there should not be */
};

/* The plan lives in the arena and borrows from the view. */
void capacity_plan(const struct capacity_view *view, struct arena *arena,
		   struct capacity_plan *ret_plan);

/* "csisc-<hash>": the same for the same class and node, so that a creation whose answer was lost,
 * or that our copy does not show yet, cannot be repeated as a second object. */
const char *capacity_object_name(const char *class_name, const char *node_id, struct arena *arena);
