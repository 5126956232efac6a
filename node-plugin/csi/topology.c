/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/topology.h"

#include <string.h>

#include "csi/names.h"

Csi__V1__Topology *csi_topology_make(struct arena *arena, const char *node_id)
{
	Csi__V1__Topology *topology = arena_alloc(arena, sizeof(*topology));
	Csi__V1__Topology__SegmentsEntry *segment = arena_alloc(arena, sizeof(*segment));
	csi__v1__topology__init(topology);
	csi__v1__topology__segments_entry__init(segment);
	segment->key = arena_strdup(arena, CSI_TOPOLOGY_KEY);
	segment->value = arena_strdup(arena, node_id);
	topology->segments = arena_alloc(arena, sizeof(*topology->segments));
	topology->segments[topology->n_segments++] = segment;
	return topology;
}

/* A segment that we do not know describes some place of which we cannot say that it is ours. */
bool csi_topology_is(const Csi__V1__Topology *topology, const char *node_id)
{
	for (size_t i = 0; i < topology->n_segments; i++) {
		const Csi__V1__Topology__SegmentsEntry *segment = topology->segments[i];
		if (strcmp(segment->key, CSI_TOPOLOGY_KEY) != 0 ||
		    strcmp(segment->value, node_id) != 0)
			return false;
	}
	return topology->n_segments > 0;
}

static bool any_is(Csi__V1__Topology *const *topologies, size_t count, const char *node_id)
{
	for (size_t i = 0; i < count; i++)
		if (csi_topology_is(topologies[i], node_id))
			return true;
	return false;
}

/* CSI spec, TopologyRequirement: `requisite` binds; `preferred` alone is where the caller wants to
 * have it, too. */
bool csi_topology_allows(const Csi__V1__TopologyRequirement *requirement, const char *node_id)
{
	if (!requirement)
		return true;
	if (requirement->n_requisite)
		return any_is(requirement->requisite, requirement->n_requisite, node_id);
	return requirement->n_preferred == 0 ||
	       any_is(requirement->preferred, requirement->n_preferred, node_id);
}
