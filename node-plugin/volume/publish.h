/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Publishing: a bind mount of the staged volume at a pod's target, read-only or not as that pod
 * asks.
 *
 * Of a block volume the node of its device is bound, on a file. A pod's runtime makes a node of its
 * own from that one's numbers, so nothing that is said of the mount reaches the pod: a read-only
 * publication is one of a second device on the same image, which the kernel does not write to. Each
 * of the two has a cache of its own; a reader sees what a writer wrote when it reads past its
 * cache (O_DIRECT), or after BLKFLSBUF.
 */

#include "base/error.h"
#include "volume/publication.h"

struct pools;

/* A block volume's target is a file; its device is attached again if the node was restarted since
 * it was staged. 1: it was published there already. ERROR_EXISTS: in another way. ERROR_IN_USE: not
 * staged, or a single writer has it elsewhere. */
int volume_publish(struct pools *pools, const char *id,
		   const struct volume_publication *publication, struct error *err);

/* Removes the target, if it is an empty folder or file. An ephemeral volume ends with it; one
 * that cannot be looked at is left to volume_ephemeral_remove_left(). 1: nothing was there. */
int volume_unpublish(struct pools *pools, const char *id, const char *target_path,
		     struct error *err);
