/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What this kernel and the pool's file system can do for volumes, found out by trying, once at
 * start: on a small image without a name in the pool, mounted at no place, so that nothing is left
 * of it however the trial ends.
 *
 *	probing --node_features_probe--> known
 *
 * What is missing is no error by itself; the reason is kept for the log, and for the error that
 * refuses a volume that needs it (node_features_require()). Until the trial has ended everything is
 * missing, and the plugin is not ready (CSI: Probe).
 */

#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"

struct throttle;

enum node_feature {
	FEATURE_LOOP,	     /* images as disks */
	FEATURE_LOOP_DIRECT, /* without caching them twice */
	FEATURE_EXT4,	     /* the kernel mounts it, and mkfs is installed */
	FEATURE_XFS,
	FEATURE_BTRFS,
	FEATURE_EXT4_GROWS, /* while it is mounted */
	FEATURE_FSCRYPT,    /* ext4 encrypts */
	FEATURE_FREEZE,	    /* a file system can be held still */
	FEATURE_IO_LIMITS,  /* of a device: cgroup io.max or blkio.throttle */
	FEATURE_COUNT,
};

#define FEATURE_REASON_MAX 128

struct node_features {
	atomic_bool known;
	bool has[FEATURE_COUNT];
	char reason[FEATURE_COUNT][FEATURE_REASON_MAX]; /* of those that are missing */
};

/* Tries everything, in a folder of a pool (-1: there is none). Never fails: what cannot be tried is
 * missing.
 */
void node_features_probe(struct node_features *features, int pool_fd,
			 const struct throttle *throttle);

/* 0, or ERROR_IN_USE (a precondition) with the reason; ERROR_UNAVAILABLE while it is probing. */
int node_features_require(const struct node_features *features, enum node_feature feature,
			  struct error *err);

/* One line in the log, and kentledge_feature{feature="…"} 0 or 1. */
void node_features_report(const struct node_features *features);
