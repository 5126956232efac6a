/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A pool that should be there and is not: its disk is not plugged in, not mounted or not
 * readable, or does not answer.
 * pool/pools.h says how it is known, and what follows.
 */

#include "pool/label.h"
#include "pool/place.h"

struct pool_opening;

struct pool_missing {
	struct pool_missing *next;
	char *name;
	char *path;			   /* NULL: only its neighbours know of it */
	char id[POOL_LABEL_ID_LENGTH + 1]; /* "": no neighbour knows of it */
	unsigned reserve_percent;
	unsigned order;
	char *reason;
	struct pool_opening *opening; /* under way: its disk does not answer; NULL: none */
};

/* place and id may be NULL. */
struct pool_missing *pool_missing_new(const char *name, const struct pool_place *place,
				      const char *id, const char *reason);
void pool_missing_free(struct pool_missing *missing);

/* The first of the list that has this name or this id; either may be NULL. */
struct pool_missing *pool_missing_find(struct pool_missing *list, const char *name, const char *id);
