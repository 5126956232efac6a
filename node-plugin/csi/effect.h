/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a call did to a volume or a snapshot, as a line in the log: the trail by which a person
 * follows a volume from its claim to its pod and back. A call that found its work done already
 * leaves a line at level debug only.
 */

#include <stdint.h>

#include "base/error.h"

struct csi_effect {
	const char *done;   /* "volume staged" */
	const char *failed; /* "volume not staged" */
	/* What it concerned; each may be NULL. */
	const char *volume;
	const char *snapshot;
	const char *group; /* of snapshots */
	const char *claim;
	const char *path;
	uint64_t begin_us; /* clock_monotonic_us() */
};

/* outcome and err as volume/volume.h's functions give them. Returns what the handler returns. */
int csi_effect_log(const struct csi_effect *effect, int outcome, const struct error *err);
