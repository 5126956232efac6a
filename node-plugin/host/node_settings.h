/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the administrator chose for this node as a whole, as main() read it from the command line.
 * It is complete before the pools are opened, and nothing changes it afterwards.
 */

#include <stdbool.h>

struct throttle;

struct node_settings {
	bool attach;		   /* pods wait until a volume is attached (volume/attachment.h) */
	unsigned max_volumes;	   /* attached at once, ephemeral ones too; 0: no limit */
	struct throttle *throttle; /* holds limits of reads and writes; borrowed */
};

/* Nothing is attached, and nothing can be limited. */
extern const struct node_settings node_settings_none;
