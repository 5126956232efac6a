/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is seen of a claim at one moment: the claim and all that its plan is made from, held for as
 * long as the plan is.
 */

#include <stdbool.h>

#include "apply/lane.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "claim/plan.h"
#include "claim/source_sight.h"
#include "cluster/nodes.h"

struct kube_client;

struct claim_sight {
	struct object *claim;
	struct object *class;		 /* NULL: not there */
	struct object *attributes_class; /* NULL: not there, or none is named */
	bool attributes_unserved;	 /* as in struct claim_view */
	struct object *volume;		 /* NULL: not there */
	bool copy_lags;			 /* the volume exists, but our copy does not show it yet */
	struct source_sight source;	 /* of a copy; else empty */
	struct cluster_nodes nodes;
	bool is_unreachable; /* the plugin of the node that the plan needs; `unreachable`: why */
	struct error unreachable;
	struct arena *arena; /* the maker's; the plan lives in it too */
};

/* Fills a sight that has its arena and is empty otherwise. key: "<namespace>/<name>". 1: there is
 * no such claim. */
int claim_sight_take(struct cluster *cluster, struct kube_client *client, const char *key,
		     struct claim_sight *sight, struct error *err);
void claim_sight_done(struct claim_sight *sight);

/* Before a volume is given up, or a node, by what the copies of the cluster say: reads the source
 * from the API server itself, so that the claim can be planned again. 1: the copies are behind, and
 * the claim is to be looked at again. */
int claim_sight_confirm(struct cluster *cluster, struct kube_client *client,
			const struct claim_plan *plan, struct claim_sight *sight,
			struct error *err);

/* The lanes of a claim's key: of the node that it is made on, where that is known before the node
 * is chosen, and of its namespace. */
void claim_name_lanes(struct cluster *cluster, const char *key, const struct lane_names *names);

/* claim_plan() of what is seen. */
void claim_sight_plan(const struct claim_sight *sight, struct claim_plan *ret_plan);
