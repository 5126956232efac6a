/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "nodes": notes since when the node of a volume is not in the cluster, forgets released
 * volumes of nodes that are gone, and tells claims.
 */

#include "apply/role.h"

extern const struct role node_life_role;
