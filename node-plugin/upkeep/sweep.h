/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Upkeep that no call asks for, done at start and then every few minutes on a thread of its own
 * (base/ticker.h), while volumes are served.
 *
 *	sweep_new: recover --> round --> round --> ... --> sweep_free
 *
 * Recovery comes first, on the thread that calls sweep_new(): it thaws what an earlier process left
 * frozen and removes the snapshots of groups that it did not finish. Then each round
 *	- looks for missing pools, recovers one that is back, and thaws what resisted;
 *	- has the trash of the pools emptied (pool/trash.h);
 *	- recounts quotas that are wrong;
 *	- removes copies that no call returned to for a day (pool/unfinished.h), and ephemeral
 *	  volumes of pods that are gone (volume/ephemeral.h);
 *	- removes free loop devices that refuse discards (disk/loop_discard.h), and once more at the
 *	  end;
 *	- looks for orphans (upkeep/orphan.h).
 * It does not touch what a call is working on.
 *
 * Each pool's part runs on a thread of its own (base/aside.h), and the round waits for it a few
 * seconds: a disk that hangs delays neither the other pools nor the start. A part that takes longer
 * goes on, and the next round reports what it finds.
 */

#include "base/cleanup.h"
#include "base/error.h"

struct pools;
struct sweep;

/* kubelet_folder: below it volumes are mounted (upkeep/orphan.h); NULL: not known. Copied.
 * Recovers before it returns: call it before volumes are served. */
int sweep_new(struct pools *pools, const char *kubelet_folder, struct sweep **ret_sweep,
	      struct error *err);

/* Waits for the round that is under way. */
void sweep_free(struct sweep *sweep);

DEFINE_CLEANUP(struct sweep *, sweep_free);
