/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How much memory a process has, by /proc/PID/smaps_rollup. What is private is what the machine
 * gets back when the process ends: its anonymous pages, and pages of files that no other process
 * maps at the moment, which the kernel can drop and read again. Pss adds its share of what it has
 * in common with others. Resident memory is none of these: it counts shared pages in full.
 */

#include <sys/types.h>

struct memory_use {
	unsigned long private_kb; /* Private_Clean + Private_Dirty */
	unsigned long anonymous_kb;
	unsigned long pss_kb;
};

/* Zero of a process that is gone. */
struct memory_use memory_use_of(pid_t pid);
