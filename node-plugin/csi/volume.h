/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A volume as CSI answers describe it.
 */

#include "base/arena.h"
#include "csi.pb-c.h"
#include "csi/node.h"
#include "record/volume_record.h"

Csi__V1__Volume *csi_volume_make(struct arena *arena, const struct node *node,
				 const struct volume_record *record);

/* The wire's numbers have a sign. */
int64_t csi_volume_bytes(uint64_t bytes);
