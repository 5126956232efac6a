/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A volume's limits (record/io_limits.h, in its record) and the pods that they are set for
 * (host/throttle.h). The kernel's mounts show for which pods they have to be set: nothing is
 * remembered, and after a crash between the record and the cgroup a retry sets them, or the limiter
 * at the next start.
 */

#include <stdbool.h>

#include "base/error.h"
#include "record/io_limits.h"

struct pools;
struct volume_folder;

/* 1: they were so already (and have been set again). ERROR_INVALID where the volume has no device
 * of its own. */
int volume_modify(struct pools *pools, const char *id, const struct io_limits *limits,
		  struct error *err);

/* A volume of this kind can have limits on this node. */
int volume_limits_check(const struct pools *pools, bool has_device, const struct io_limits *limits,
			struct error *err);

/* For each pod that has the volume now. Nothing to do for a volume without limits. */
int volume_limits_apply(struct pools *pools, const struct volume_folder *folder, struct error *err);

/* Of all volumes; *ret_count: of how many publications. The first error is returned, after all
 * others have been set. */
int volume_limits_apply_all(struct pools *pools, unsigned *ret_count, struct error *err);

/* The loop device mounted at point, if the volume has limits; -1: nothing to lift there. Asked
 * before unmounting, and given to volume_limits_lift() after. */
int volume_limits_device_at(struct pools *pools, const char *id, const char *point);
int volume_limits_lift(struct pools *pools, int number, const char *point, struct error *err);
