/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The beginning of a child process that runs a program on an image.
 *
 * The child has a bound on its address space, from before its program begins. Should the node be
 * short of memory all the same, it is the first that the kernel ends (oom_score_adj). It leaves no
 * core: that would be as large as what it had in memory.
 */

#include <stdint.h>
#include <sys/types.h>

#define CHILD_KEPT_FD 3

struct child {
	const char *const *argv;
	int kept_fd;   /* the program sees it as descriptor CHILD_KEPT_FD */
	int output_fd; /* and this one as its output and its errors */
	uint32_t memory_mib;
};

/* 0, or the errno of what failed: ENOENT if there is no such program on PATH. The child leads a
 * process group of its own. */
int child_start(const struct child *child, pid_t *ret_pid);
