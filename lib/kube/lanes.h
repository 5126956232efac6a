/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How many of a queue's workers the keys of one lane may hold, so that a lane whose keys take long
 * leaves workers to the others. A key goes in up to LANES lanes, one of each kind: for example that
 * of the node that it is for, and that of its namespace.
 *
 * A lane in which no key takes long has no limit. One that has such keys takes no more than its
 * kind's limit at once, and the next ones wait in it, in their order:
 *
 *	enter --not full--> inside --> leave, which lets the next ones come
 *	      --full-----> waiting --the owner has it enter again--> ...
 *
 * Not thread-safe: the owner has a lock.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

#define LANES 2

struct lane;
struct lanes;

/* A key in its lanes; empty: in none. The owner's. */
struct lane_place {
	struct lane_place *prev; /* in the lane that it waits in, or among those that may come */
	struct lane_place *next;
	struct lane *lanes[LANES]; /* that it is inside of; NULL: none */
	struct lane *waits;	   /* the one that was full; NULL: it waits in none */
	struct lane *called;	   /* the one that it waited in, until it enters again */
	bool slow;
};

/* limits: of each kind of lane, once a key in it is slow. burst: how many of those that wait come
 * at once when none is slow any more. */
struct lanes *lanes_new(const unsigned limits[LANES], unsigned burst);
void lanes_free(struct lanes *lanes);

/* An empty name: in no lane of that kind. false: one is full, and the key waits in it. Others may
 * come instead: *called is a list of them. */
bool lanes_enter(struct lanes *lanes, struct lane_place *place, const char *const names[LANES],
		 struct lane_place **called);

/* It takes long, inside or on its way in. */
void lanes_slow(struct lane_place *place);

/* Those that may come now are put into the list *called. */
void lanes_leave(struct lanes *lanes, struct lane_place *place, struct lane_place **called);

/* It waits no longer, whether or not it may come; it enters again. */
void lanes_call(struct lane_place *place);

DEFINE_CLEANUP(struct lanes *, lanes_free);
