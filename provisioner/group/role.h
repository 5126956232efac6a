/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "apply/role.h"

/*
 * The role that turns VolumeGroupSnapshots into contents, and into a VolumeSnapshot for each member
 * once the role "snapshot" has had the group cut on its node. It is the other part of the role
 * "snapshot-controller", and acts when that one does (apply/snapshot_turn.h).
 */
extern const struct role group_role;
