/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is seen of a claim's source at one moment, from the copies of the cluster, and held for as
 * long as the plan is.
 */

#include "base/arena.h"
#include "claim/source.h"
#include "cluster/cluster.h"
#include "kube/claim.h"

struct source_sight {
	struct object *claim; /* each of them: NULL: not there */
	struct object *volume;
	struct object *snapshot;
	struct object *content;
	struct claim_source source;
};

/* Fills an empty sight. claim: a copy (claim_is_copy()). The arena is the plan's. */
void source_sight_take(struct cluster *cluster, const struct claim *claim, struct arena *arena,
		       struct source_sight *sight);
void source_sight_done(struct source_sight *sight);
