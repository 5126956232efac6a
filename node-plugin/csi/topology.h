/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where volumes of this node can be reached: on this node, and nowhere else. One segment,
 * CSI_TOPOLOGY_KEY, whose value is the node's id.
 */

#include <stdbool.h>

#include "base/arena.h"
#include "csi.pb-c.h"

Csi__V1__Topology *csi_topology_make(struct arena *arena, const char *node_id);

/* The topology describes this node. */
bool csi_topology_is(const Csi__V1__Topology *topology, const char *node_id);

/* A volume on this node satisfies the requirement (NULL: there is none). */
bool csi_topology_allows(const Csi__V1__TopologyRequirement *requirement, const char *node_id);
