/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "snapshot-controller": turns VolumeSnapshots of our driver's volumes into contents, and
 * brings back what becomes of these. It stands by where the cluster has a snapshot-controller
 * (apply/snapshot_turn.h).
 */

#include "apply/role.h"

extern const struct role snapshot_role;
