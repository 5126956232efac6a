/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The memory that the programs which the plugin runs may have together.
 *
 * The author of a pod can write a file system for which e2fsck wants gigabytes. A program lies in
 * the plugin's container, and where that exceeds its limit the kernel ends the plugin too
 * (memory.oom.group, which the kubelet sets). So each program has a bound (disk/child.h), and the
 * bounds of all that run at a time stay below ALLOWANCE_MIB. The chart's memory limit is that and
 * what the plugin itself may take.
 *
 * A program that waits for a disk which does not answer cannot be ended, and keeps its memory. So
 * on a node with several pools one disk never has all: what e2fsck needs is left for the others.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define ALLOWANCE_MIB 576
#define ALLOWANCE_OF_DISK_MIB 320 /* where there are several pools */

struct copy_watch;

/* What one program has. */
struct allowance_share {
	uint32_t mib;
	dev_t disk; /* of the file system that holds the image: st_dev */
};

/* What the plugin itself may take beside them. */
#define ALLOWANCE_OF_PLUGIN_MIB 128

/* The memory limit of the cgroup, as its file memory.max says it ("max": none), leaves room for all
 * of that; else ERROR_EXHAUSTED says what the limit should be. A file that is not there is no
 * limit.
 */
int allowance_check_limit(const char *memory_max_file, struct error *err);

/* For all shares that are taken later. */
void allowance_leave_some(bool several_pools);

/* Waits for a moment where other programs have the memory: ERROR_BUSY if they still have it then.
 * watch, which may be NULL, can end the waiting. */
int allowance_take(const struct allowance_share *share, const struct copy_watch *watch,
		   struct error *err);

/* An equal one was taken. */
void allowance_give(const struct allowance_share *share);
