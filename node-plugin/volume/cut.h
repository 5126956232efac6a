/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A copy of a volume's data as of one moment: what snapshots and clones are made of.
 *
 *	begin --hold--> held --take--> taken --release--> finish
 *
 * begin() copies what can be copied beforehand, while the volume is in use, and again what changed
 * meanwhile, until that is little. hold() takes the volume's lock and, if it is mounted, freezes
 * its file system (volume/freeze.h): only from then on do pods wait. take() makes the copy what the
 * volume is at that moment: in a pool that can share blocks that is a clone, elsewhere a pass over
 * what begin() copied. release() thaws and unlocks, and says if the volume was not held all the
 * time. finish() makes the copy durable. Several volumes are cut at one moment by holding all
 * before the first is taken.
 *
 * What is not held still by a freeze, a block volume that a pod writes to, is cut at one moment
 * where the pool can share blocks; elsewhere the passes are repeated while it is written to, and
 * the cut fails with ERROR_IN_USE if that does not end. A directory volume is cut at one moment
 * where it is a subvolume of btrfs; elsewhere it is copied file by file while the pods write
 * (folder/tree_copy.h), so the copy is not of one moment.
 *
 * How the data is copied is the backend's (backend/copy.h). A copy of an image that was not
 * finished is continued: it is compared, and only the differences are written.
 */

#include <stdbool.h>
#include <stdint.h>

#include "backend/backend.h"
#include "backend/copy.h"
#include "pool/lock.h"
#include "pool/volume_folder.h"
#include "volume/freeze.h"

/* Pods wait no longer than that for a cut. */
#define CUT_HOLD_MS 10000

struct cut {
	struct pools *pools;
	struct volume_folder source; /* its record as of hold(), from then on */
	const struct backend *backend;
	struct backend_copy copy;
	struct lock lock;
	struct freeze *freeze;
	int mount_fd;	      /* of what is frozen */
	bool must_rest;	      /* not cut while in use, since others are cut at the same moment */
	uint64_t deadline_ms; /* of a pass that holds the volume */
};

#define CUT_INIT                                                                                   \
	{                                                                                          \
		.source = VOLUME_FOLDER_INIT, .copy = BACKEND_COPY_INIT, .mount_fd = -1            \
	}

/* The caller fills in pools, source (an open folder, which is the cut's from then on), must_rest,
 * and of copy: target_fd (which may lie in another pool), watch, other_pool and read_only. */
int cut_begin(struct cut *cut, struct error *err);
int cut_hold(struct cut *cut, struct error *err);
int cut_take(struct cut *cut, struct error *err);
int cut_release(struct cut *cut, struct error *err);
int cut_finish(struct cut *cut, struct error *err);
void cut_done(struct cut *cut);

/* All of that, one after the other. */
int cut_make(struct cut *cut, struct error *err);

/* Thaws what an earlier process left frozen of this pool; what cannot be thawed is logged, and what
 * a call has under way (it holds the volume's lock) is passed over. */
void cut_thaw_left(struct pools *pools, struct pool *pool);

#define CLEANUP_CUT CLEANUP(cut_done)
