/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where the pools of a node are, as the command line tells it: "/var/lib/kentledge/pool" for the
 * one pool that most nodes have, whose name is "default"; or "fast=/mnt/nvme,bulk=/mnt/disk" for
 * several, by name, usually each on a disk of its own.
 */

#include <stddef.h>

#include "base/error.h"

#define POOLS_MAX 32
#define POOL_PLACE_NAME_MAX 31
#define POOL_DEFAULT_NAME "default"

struct pool_place {
	const char *name; /* [a-z0-9-]+, unique */
	const char *path; /* absolute */
};

struct pool_places {
	char *text; /* holds the strings */
	struct pool_place places[POOLS_MAX];
	size_t count;
};

/* ERROR_INVALID says what is wrong with the text. */
int pool_places_parse(const char *text, struct pool_places *ret_places, struct error *err);
void pool_places_done(struct pool_places *places);
