/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the administrator chose for this node as a whole, as main() read it from the command line.
 * It is complete before the pools are opened, and nothing changes it afterwards.
 */

#include <stdbool.h>

#include "record/parameters.h"

struct throttle;

struct node_settings {
	bool attach;	      /* pods wait until a volume is attached (volume/attachment.h) */
	unsigned max_volumes; /* attached at once, ephemeral ones too; 0: no limit */
	/* Of an image whose class names none. auto: reserved where the pool shares its disk with
	 * the node and a write goes to the block that was set aside (ext4, xfs), else thin. */
	bool provisioning_auto;
	enum provisioning provisioning;
	struct throttle *throttle; /* holds limits of reads and writes; borrowed */
};

/* Nothing is attached, nothing can be limited, images are thin. */
extern const struct node_settings node_settings_none;
