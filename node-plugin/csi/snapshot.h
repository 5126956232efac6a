/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A snapshot as CSI answers describe it. Volumes can be made of it on this node alone.
 */

#include "base/arena.h"
#include "csi.pb-c.h"
#include "record/snapshot_record.h"

struct node;

/* Of a wall clock's time. */
Google__Protobuf__Timestamp *csi_snapshot_time(struct arena *arena, uint64_t wall_us);

Csi__V1__Snapshot *csi_snapshot_make(struct arena *arena, const struct node *node,
				     const struct snapshot_record *record);
