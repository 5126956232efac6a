/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/lane.h"

#include <string.h>

#include "cluster/volume_node.h"
#include "kube/claim.h"

void lane_of_volume(struct cluster *cluster, const struct persistent_volume *volume,
		    const struct lane_names *names)
{
	CLEANUP(cluster_nodes_done) struct cluster_nodes nodes = { 0 };
	const char *node;
	struct error unknown;
	if (!text_string(names->namespace)[0] && volume->claim_namespace)
		text_append_string(names->namespace, volume->claim_namespace);
	if (!persistent_volume_is_ours(volume))
		return;
	volume_node_candidates(cluster, volume, &nodes);
	if (volume_node_find(volume, &nodes, &node, &unknown) == 0)
		text_append_string(names->node, node);
}

void lane_of_namespace(const char *key, const struct lane_names *names)
{
	text_append(names->namespace, key, strcspn(key, "/"));
}

void lane_of_bound_claim(struct cluster *cluster, const char *key, const struct lane_names *names)
{
	CLEANUP(object_unrefp) struct object *claim = NULL;
	CLEANUP(object_unrefp) struct object *volume = NULL;
	lane_of_namespace(key, names);
	claim = cluster_get(cluster, CLUSTER_CLAIMS, text_string(names->namespace),
			    strchr(key, '/') + 1);
	if (claim && claim_of(claim)->volume_name[0])
		volume = cluster_get(cluster, CLUSTER_VOLUMES, "", claim_of(claim)->volume_name);
	if (volume)
		lane_of_volume(cluster, persistent_volume_of(volume), names);
}
