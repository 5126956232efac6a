/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A volume's condition as CSI answers report it.
 */

#include "base/arena.h"
#include "csi.pb-c.h"
#include "volume/condition.h"

Csi__V1__VolumeCondition *csi_condition_make(struct arena *arena, const struct condition_view *view,
					     const struct volume_record *record);
