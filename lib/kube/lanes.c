/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/lanes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "base/text.h"

struct lane {
	UT_hash_handle hh;
	size_t kind;
	unsigned inside;
	unsigned slow;	 /* of those inside */
	unsigned coming; /* were called and have not entered yet */
	struct lane_place *waiting;
	char name[];
};

struct lanes {
	unsigned limits[LANES];
	unsigned burst;
	struct lane *of[LANES];
};

struct lanes *lanes_new(const unsigned limits[LANES], unsigned burst)
{
	struct lanes *lanes = must_alloc(sizeof(*lanes));
	memcpy(lanes->limits, limits, sizeof(lanes->limits));
	lanes->burst = burst;
	return lanes;
}

static void drop(struct lanes *lanes, struct lane *lane)
{
	HASH_DEL(lanes->of[lane->kind], lane);
	free(lane);
}

void lanes_free(struct lanes *lanes)
{
	if (!lanes)
		return;
	for (size_t kind = 0; kind < LANES; kind++)
		while (lanes->of[kind])
			drop(lanes, lanes->of[kind]);
	free(lanes);
}

static void drop_if_empty(struct lanes *lanes, struct lane *lane)
{
	if (!lane->inside && !lane->coming && !lane->waiting)
		drop(lanes, lane);
}

static struct lane *find_or_add(struct lanes *lanes, size_t kind, const char *name)
{
	struct lane *lane;
	HASH_FIND_STR(lanes->of[kind], name, lane);
	if (lane)
		return lane;
	lane = must_alloc(sizeof(*lane) + strlen(name) + 1);
	lane->kind = kind;
	strcpy(lane->name, name);
	HASH_ADD_STR(lanes->of[kind], name, lane);
	return lane;
}

/* Those that were called come before one that has not waited. */
static bool is_full(const struct lanes *lanes, const struct lane *lane,
		    const struct lane_place *place)
{
	unsigned others = lane->inside + lane->coming - (place->called == lane);
	return lane->slow && others >= lanes->limits[lane->kind];
}

void lanes_call(struct lane_place *place)
{
	struct lane *lane = place->waits;
	if (!lane)
		return;
	DL_DELETE(lane->waiting, place);
	lane->coming++;
	place->waits = NULL;
	place->called = lane;
}

/* As many as have room beside those that are inside and those that were called before. */
static void call_next(const struct lanes *lanes, struct lane *lane, struct lane_place **called)
{
	unsigned room = lane->slow ? lanes->limits[lane->kind] : lanes->burst;
	while (lane->waiting && lane->inside + lane->coming < room) {
		struct lane_place *place = lane->waiting;
		lanes_call(place);
		DL_APPEND(*called, place);
	}
}

/* Where it waits in another lane now, the one that called it calls the next. */
static void arrive(struct lanes *lanes, struct lane_place *place, struct lane_place **called)
{
	struct lane *lane = TAKE(place->called);
	if (!lane)
		return;
	lane->coming--;
	call_next(lanes, lane, called);
	drop_if_empty(lanes, lane);
}

bool lanes_enter(struct lanes *lanes, struct lane_place *place, const char *const names[LANES],
		 struct lane_place **called)
{
	struct lane *entered[LANES] = { NULL };
	assert(!place->waits);
	for (size_t kind = 0; kind < LANES && !place->waits; kind++) {
		entered[kind] = names[kind][0] ? find_or_add(lanes, kind, names[kind]) : NULL;
		if (entered[kind] && is_full(lanes, entered[kind], place))
			place->waits = entered[kind];
	}
	if (place->waits)
		DL_APPEND(place->waits->waiting, place);
	for (size_t kind = 0; kind < LANES && !place->waits; kind++) {
		place->lanes[kind] = entered[kind];
		if (!entered[kind])
			continue;
		entered[kind]->inside++;
		entered[kind]->slow += place->slow;
	}
	for (size_t kind = 0; kind < LANES && place->waits; kind++)
		if (entered[kind])
			drop_if_empty(lanes, entered[kind]);
	arrive(lanes, place, called);
	return !place->waits;
}

void lanes_slow(struct lane_place *place)
{
	assert(!place->slow);
	place->slow = true;
	for (size_t kind = 0; kind < LANES; kind++)
		if (place->lanes[kind])
			place->lanes[kind]->slow++;
}

void lanes_leave(struct lanes *lanes, struct lane_place *place, struct lane_place **called)
{
	for (size_t kind = 0; kind < LANES; kind++) {
		struct lane *lane = TAKE(place->lanes[kind]);
		if (!lane)
			continue;
		lane->inside--;
		lane->slow -= place->slow;
		call_next(lanes, lane, called);
		drop_if_empty(lanes, lane);
	}
	place->slow = false;
}
