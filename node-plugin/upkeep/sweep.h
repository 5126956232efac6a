/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A thread that empties the pools' trash: at start, what an earlier process left behind; later,
 * every few minutes, what resisted. It also looks for pools that are missing, has quotas counted
 * anew that are wrong, removes copies that nobody came back to (pool/pool.h) and ephemeral volumes
 * of pods that are gone (volume/volume.h), and looks for orphans (upkeep/orphan.h). Volumes are
 * served meanwhile.
 */

#include "base/cleanup.h"
#include "base/error.h"

struct pools;
struct sweep;

/* kubelet_folder: below it volumes are mounted (upkeep/orphan.h); NULL: not known. Copied. */
int sweep_new(struct pools *pools, const char *kubelet_folder, struct sweep **ret_sweep,
	      struct error *err);

/* Waits for a removal that is under way. */
void sweep_free(struct sweep *sweep);

/* At start, before anybody is served: thaws what an earlier process left frozen, and removes the
 * snapshots of groups that it did not finish. The sweep does the same for a pool that comes back
 * later, and tries again to thaw what resisted. What a call has under way is left alone. */
void sweep_recover(struct pools *pools);

DEFINE_CLEANUP(struct sweep *, sweep_free);
