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
 */

#include <stdint.h>

#include "base/error.h"

#define ALLOWANCE_MIB 576

struct copy_watch;

/* Waits for a moment where other programs have the memory: ERROR_BUSY if they still have it then.
 * watch, which may be NULL, can end the waiting. */
int allowance_take(uint32_t mib, const struct copy_watch *watch, struct error *err);
void allowance_give(uint32_t mib);
