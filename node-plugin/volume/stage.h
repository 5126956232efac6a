/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Staging: the volume's one mount on this node, of which each pod gets a view.
 */

#include "base/error.h"
#include "volume/access.h"

struct pools;

/* Mounts the volume at the staging path. A block volume is attached as a device, which stays; its
 * staging path is left alone. 1: it was staged there already. ERROR_EXISTS: in another way. */
int volume_stage(struct pools *pools, const char *id, const char *staging_path,
		 const struct access *access, struct error *err);

/* 1: nothing was there. ERROR_IN_USE: a block volume is still published. */
int volume_unstage(struct pools *pools, const char *id, const char *staging_path,
		   struct error *err);
