/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The lanes of a role's keys (kube/lanes.h): the node that a key is for and the namespace of the
 * user's object. So neither a node that does not answer, or copies for long, nor a namespace with
 * many such objects holds all workers of a role.
 *
 * Each appends the names that are known from the copies of the cluster, and nothing for the others.
 */

#include "base/text.h"
#include "cluster/cluster.h"
#include "cluster/persistent_volume.h"

struct lane_names {
	struct text *node;
	struct text *namespace;
};

/* A volume's node, and the namespace of its claim. */
void lane_of_volume(struct cluster *cluster, const struct persistent_volume *volume,
		    const struct lane_names *names);

/* Of the volume that the claim "<namespace>/<name>" is bound to. */
void lane_of_bound_claim(struct cluster *cluster, const char *key, const struct lane_names *names);

/* Of a key "<namespace>/<name>". */
void lane_of_namespace(const char *key, const struct lane_names *names);
