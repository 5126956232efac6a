/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is seen of a claim's source at one moment, from the copies of the cluster or from the API
 * server itself, and held for as long as the plan is.
 */

#include "base/arena.h"
#include "claim/source.h"
#include "cluster/cluster.h"
#include "kube/claim.h"

struct kube_client;

struct source_sight {
	struct object *claim; /* each of them: NULL: not there */
	struct object *volume;
	struct object *snapshot;
	struct object *content;
	struct claim_source source;
};

/* Where it is read from. Which nodes there are is taken from the copies in any case. */
struct source_reading {
	struct cluster *cluster;
	struct kube_client *client; /* of the API server; NULL: the copies, which cannot fail */
	struct arena *arena;	    /* the plan's */
};

/* Fills an empty sight. claim: a copy (claim_is_copy()). */
int source_sight_take(const struct source_reading *reading, const struct claim *claim,
		      struct source_sight *sight, struct error *err);

/* Empty afterwards. */
void source_sight_done(struct source_sight *sight);
