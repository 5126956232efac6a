/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Limits of what a pod may do with a block device, held by the kernel in the pod's cgroup
 * (Documentation/admin-guide/cgroup-v2.rst, "io.max"; cgroup-v1/blkio-controller.rst).
 *
 * What is limited:
 *	v2	the pod as a whole, all that it reads and writes, also pages that
 *		another process writes back.
 *	v1	each container of the pod for itself, since v1 does not look at the cgroups
 *		above; and only what it reads, writes directly or syncs. Pages that the kernel
 *		writes back later belong to no cgroup in v1 and are not limited.
 *	both	not the file system's own journal.
 *
 * A pod's cgroup is found by its name, however deep: pod<uid> (driver cgroupfs) or
 * …-pod<uid with _ for ->.slice (driver systemd). In v1 containers come and go below it, so limits
 * have to be set again when they appear (upkeep/limiter.h).
 */

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "record/io_limits.h"

#define THROTTLE_FOLDER "/sys/fs/cgroup"
#define THROTTLE_POD_MAX 64

enum throttle_kind {
	THROTTLE_NONE, /* this kernel has no such controller, or we do not see it */
	THROTTLE_V1,
	THROTTLE_V2,
};

struct throttle {
	enum throttle_kind kind;
	char root[PATH_MAX];   /* of the hierarchy that has the controller */
	pthread_mutex_t mutex; /* between looking at mounts and setting what follows from them; no
				  disk is touched meanwhile */
	uint64_t changes;      /* how often calls set the limits of a volume */
};

/* folder is as /sys/fs/cgroup: v2 itself, or the place of the v1 hierarchies. */
void throttle_init(struct throttle *throttle, const char *folder);
void throttle_done(struct throttle *throttle);

/* ERROR_IN_USE: limits cannot be held here; says why. */
int throttle_check(const struct throttle *throttle, struct error *err);

/* Sets what a pod may do with the device, and reads it back. 1: the pod has no cgroup now. */
int throttle_set(const struct throttle *throttle, const char *pod, dev_t device,
		 const struct io_limits *limits, struct error *err);

/* The pod for which the kubelet chose this target path; false if it does not say. */
bool throttle_pod_of_target(const char *path, char ret_pod[static THROTTLE_POD_MAX]);
