/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/source_sight.h"

#include <string.h>

#include "cluster/nodes.h"
#include "cluster/snapshot_node.h"
#include "cluster/volume_node.h"

void source_sight_done(struct source_sight *sight)
{
	object_unref(sight->claim);
	object_unref(sight->volume);
	object_unref(sight->snapshot);
	object_unref(sight->content);
}

static void find_node_of_volume(struct cluster *cluster, const struct persistent_volume *volume,
				struct arena *arena, struct claim_source *source)
{
	CLEANUP(cluster_nodes_done) struct cluster_nodes nodes;
	const char *node;
	volume_node_candidates(cluster, volume, &nodes);
	if (volume_node_find(volume, &nodes, &node, &source->lost) < 0)
		error_prefix(&source->lost, "PersistentVolume \"%s\"", volume->object.name);
	else
		source->node = arena_strdup(arena, node);
}

/* name: of a PersistentVolume. */
static void see_volume(struct cluster *cluster, const char *name, struct source_sight *sight)
{
	sight->volume = cluster_get(cluster, CLUSTER_VOLUMES, "", name);
	if (sight->volume)
		sight->source.volume = persistent_volume_of(sight->volume);
}

static void see_claim(struct cluster *cluster, const struct claim *claim, struct arena *arena,
		      struct source_sight *sight)
{
	struct claim_source *source = &sight->source;
	sight->claim = cluster_get(cluster, CLUSTER_CLAIMS, claim_source_namespace(claim),
				   claim->data_source->name);
	if (!sight->claim)
		return;
	source->claim = claim_of(sight->claim);
	if (source->claim->volume_name[0])
		see_volume(cluster, source->claim->volume_name, sight);
	if (source->volume && persistent_volume_is_ours(source->volume))
		find_node_of_volume(cluster, source->volume, arena, source);
}

static void find_node_of_content(struct cluster *cluster, struct arena *arena,
				 struct source_sight *sight)
{
	struct snapshot_node node;
	snapshot_node_find(cluster, sight->source.content, arena, &node);
	sight->source.node = node.name;
	if (!node.name)
		error_set(&sight->source.lost, ERROR_UNAVAILABLE, "%s", node.lost.text);
}

static void see_snapshot(struct cluster *cluster, const struct claim *claim, struct arena *arena,
			 struct source_sight *sight)
{
	sight->snapshot = cluster_get(cluster, CLUSTER_SNAPSHOTS, claim_source_namespace(claim),
				      claim->data_source->name);
	if (!sight->snapshot)
		return;
	sight->source.snapshot = snapshot_of(sight->snapshot);
	const char *content = sight->source.snapshot->content_name;
	if (content)
		sight->content = cluster_get(cluster, CLUSTER_SNAPSHOT_CONTENTS, "", content);
	if (!sight->content)
		return;
	sight->source.content = snapshot_content_of(sight->content);
	find_node_of_content(cluster, arena, sight);
}

void source_sight_take(struct cluster *cluster, const struct claim *claim, struct arena *arena,
		       struct source_sight *sight)
{
	error_set(&sight->source.lost, ERROR_UNAVAILABLE,
		  "it is not known on which node the data are");
	if (claim->data_source->kind == CLAIM_FROM_CLAIM)
		see_claim(cluster, claim, arena, sight);
	else
		see_snapshot(cluster, claim, arena, sight);
}
