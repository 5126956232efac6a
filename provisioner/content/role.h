/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "snapshot": makes and deletes the snapshots of VolumeSnapshotContents.
 */

#include "apply/role.h"

extern const struct role content_role;
