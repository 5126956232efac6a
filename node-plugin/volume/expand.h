/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Growing a volume: first its disk and its promise (CSI: ControllerExpandVolume), then the file
 * system in it (NodeExpandVolume), which goes on being used meanwhile.
 *
 *	small --record--> meant --image--> large --device, file system--> grown
 *
 * The record says the new size before anything has it. So a call that died on its way has promised
 * what it was about to take, its repetition finds what is missing and does the rest; and an image
 * that became larger than its file system is grown whenever the volume is staged
 * (backend/backend.h). What fails without having died takes its promise back. A volume never
 * shrinks.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pool/capacity.h"
#include "volume/access.h"

struct pools;

struct volume_expansion {
	const char *id;
	struct capacity_range range;
	const struct access *access; /* NULL: not told */
};

/* *ret_bytes is how large the volume is now; *ret_filesystem: there is a file system that has to
 * grow after it. 1: it was that large already. ERROR_RANGE: no size serves, or the disk could
 * never hold it; ERROR_EXHAUSTED: there is no room now. */
int volume_expand(struct pools *pools, const struct volume_expansion *expansion,
		  uint64_t *ret_bytes, bool *ret_filesystem, struct error *err);

/* Of the volume at path, staged or published. ERROR_NOT_FOUND: it is not there. ERROR_RANGE:
 * volume_expand() has not made it as large as asked. ERROR_IN_USE: its file system grows only when
 * it is staged the next time. */
int volume_expand_mounted(struct pools *pools, const struct volume_expansion *expansion,
			  const char *path, uint64_t *ret_bytes, struct error *err);
