/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where the pools of a node are, as the command line gives it: "/var/lib/kentledge/pool" for the
 * one pool that most nodes have, whose name is "default"; or "fast=/mnt/nvme,bulk=/mnt/disk" for
 * several, by name, usually each on a disk of its own.
 */

#include <stddef.h>

#include "backend/site.h"
#include "base/error.h"

#define POOLS_MAX 32
#define POOL_PLACE_NAME_MAX BACKEND_SITE_NAME_MAX
#define POOL_DEFAULT_NAME "default"
#define POOL_RESERVE_PERCENT_MAX 90
#define POOL_RESERVE_AUTO 101 /* by whose the disk is (pool/sharing.h) */

struct pool_place {
	const char *name;	  /* [a-z0-9-]+, unique */
	const char *path;	  /* absolute */
	unsigned order;		  /* on the command line */
	unsigned reserve_percent; /* of its disk, never promised to volumes; or POOL_RESERVE_AUTO */
};

struct pool_places {
	char *text; /* holds the strings */
	struct pool_place places[POOLS_MAX];
	size_t count;
};

/* ERROR_INVALID says what is wrong with the text. */
int pool_places_parse(const char *text, struct pool_places *ret_places, struct error *err);

/* "5" for all, or "fast=auto,bulk=10" for some of them; the others keep what they have, which is
 * "auto" at first. A number is 0 to POOL_RESERVE_PERCENT_MAX. */
int pool_places_read_reserve(struct pool_places *places, const char *text, struct error *err);

void pool_places_done(struct pool_places *places);
