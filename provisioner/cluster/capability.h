/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a volume is used as, as a CSI VolumeCapability: from the claim and the class that it is made
 * for, or from its PersistentVolume later. Pure.
 */

#include <stdbool.h>
#include <stddef.h>

#include "csi/client.h"

/* access_modes: enum claim_access_mode. A raw block device has neither a file system nor mount
 * options. Strings are borrowed. */
struct csi_capability capability_make(unsigned access_modes, bool block, const char *fs_type,
				      const char **mount_options, size_t mount_option_count);
