/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/source_sight.h"

#include <string.h>

#include "apply/object_gone.h"
#include "claim/source_grant.h"
#include "cluster/nodes.h"
#include "cluster/snapshot_node.h"
#include "cluster/volume_node.h"

void source_sight_done(struct source_sight *sight)
{
	object_unref(sight->claim);
	object_unref(sight->volume);
	object_unref(sight->snapshot);
	object_unref(sight->content);
	*sight = (struct source_sight) { 0 };
}

/* What the API server does not find is gone only where it serves the kind: a copy that was made is
 * undone when its source is gone. */
static int read_object(const struct source_reading *reading, enum cluster_kind kind,
		       const struct object_name *name, struct object **ret_object,
		       struct error *err)
{
	static const struct kind *const kinds[CLUSTER_KINDS] = {
		[CLUSTER_CLAIMS] = &claim_kind,
		[CLUSTER_VOLUMES] = &persistent_volume_kind,
		[CLUSTER_SNAPSHOTS] = &snapshot_kind,
		[CLUSTER_SNAPSHOT_CONTENTS] = &snapshot_content_kind,
	};
	struct object_name asked = *name;
	asked.kind = kinds[kind];
	if (reading->client)
		return object_read(reading->client, &asked, ret_object, err);
	*ret_object = cluster_get(reading->cluster, kind, name->namespace, name->name);
	return 0;
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
static int see_volume(const struct source_reading *reading, const char *name,
		      struct source_sight *sight, struct error *err)
{
	if (read_object(reading, CLUSTER_VOLUMES,
			&(struct object_name) { .namespace = "", .name = name }, &sight->volume,
			err) < 0)
		return -1;
	if (sight->volume)
		sight->source.volume = persistent_volume_of(sight->volume);
	return 0;
}

static int see_claim(const struct source_reading *reading, const struct object_name *name,
		     struct source_sight *sight, struct error *err)
{
	struct claim_source *source = &sight->source;
	if (read_object(reading, CLUSTER_CLAIMS, name, &sight->claim, err) < 0)
		return -1;
	if (!sight->claim)
		return 0;
	source->claim = claim_of(sight->claim);
	if (source->claim->volume_name[0] &&
	    see_volume(reading, source->claim->volume_name, sight, err) < 0)
		return -1;
	if (source->volume && persistent_volume_is_ours(source->volume))
		find_node_of_volume(reading->cluster, source->volume, reading->arena, source);
	return 0;
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

static int see_snapshot(const struct source_reading *reading, const struct object_name *name,
			struct source_sight *sight, struct error *err)
{
	if (read_object(reading, CLUSTER_SNAPSHOTS, name, &sight->snapshot, err) < 0)
		return -1;
	if (!sight->snapshot)
		return 0;
	sight->source.snapshot = snapshot_of(sight->snapshot);
	const char *content = sight->source.snapshot->content_name;
	if (content && read_object(reading, CLUSTER_SNAPSHOT_CONTENTS,
				   &(struct object_name) { .namespace = "", .name = content },
				   &sight->content, err) < 0)
		return -1;
	if (!sight->content)
		return 0;
	sight->source.content = snapshot_content_of(sight->content);
	find_node_of_content(reading->cluster, reading->arena, sight);
	return 0;
}

int source_sight_take(const struct source_reading *reading, const struct claim *claim,
		      struct source_sight *sight, struct error *err)
{
	const struct object_name name = { .namespace = claim_source_namespace(claim),
					  .name = claim->data_source->name };
	sight->source.grant = source_grant_find(reading->cluster, claim);
	error_set(&sight->source.lost, ERROR_UNAVAILABLE,
		  "it is not known on which node the data are");
	return claim->data_source->kind == CLAIM_FROM_CLAIM
		       ? see_claim(reading, &name, sight, err)
		       : see_snapshot(reading, &name, sight, err);
}
