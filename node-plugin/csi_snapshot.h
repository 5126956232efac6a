/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A snapshot as CSI answers describe it.
 */

#include "base/arena.h"
#include "csi.pb-c.h"
#include "snapshot_record.h"

Csi__V1__Snapshot *csi_snapshot_make(struct arena *arena, const struct snapshot_record *record);
