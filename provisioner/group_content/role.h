/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The role "snapshot", as to groups: makes and deletes the snapshots of
 * VolumeGroupSnapshotContents.
 */

#include "apply/role.h"

extern const struct role group_content_role;
