/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a volume is used as, for ControllerExpandVolume: its PersistentVolume as a CSI
 * VolumeCapability. Pure.
 */

#include "cluster/persistent_volume.h"
#include "csi/client.h"

/* Borrowed from the volume. */
void growth_capability(const struct persistent_volume *volume,
		       struct csi_capability *ret_capability);
