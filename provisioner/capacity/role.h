/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "capacity": keeps a CSIStorageCapacity object for each node and class, so that the
 * scheduler knows where a claim has room before it selects a node.
 */

#include "apply/role.h"

extern const struct role capacity_role;
