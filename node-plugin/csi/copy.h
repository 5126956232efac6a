/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A copy of data that a call makes: of a volume into a snapshot, of either into a new volume. Or
 * the zeroes of a new thick volume (disk/zeroes.h), with which a retry begins anew.
 *
 * Where blocks are shared it is there at once. Elsewhere it can take longer than any caller waits,
 * and then it goes on without the caller, whose retries are answered ABORTED while it lasts (CSI
 * spec, "Operation pending") and find the result afterwards. Since such a copy keeps a worker busy,
 * only a few of them are under way at a time, so that the kubelet's calls are served meanwhile;
 * others end after a moment with ERROR_BUSY, and their retries go on from there (folder/copy.h).
 */

#include <stdbool.h>
#include <stdint.h>

#include "folder/copy.h"

struct node;

struct csi_copy {
	struct copy_watch watch; /* for who copies */
	struct node *node;
	uint64_t begin_ms; /* of the copying; 0: not yet */
	bool is_long;	   /* counted in node->long_copies */
};

/* copy must stay where it is until csi_copy_done(). */
void csi_copy_init(struct csi_copy *copy, struct node *node);
void csi_copy_done(struct csi_copy *copy);

#define CLEANUP_CSI_COPY CLEANUP(csi_copy_done)
