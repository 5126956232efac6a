/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A program that a test runs on an image, which it sees as /proc/self/fd/3. */

#include "disk/process.h"

static inline int run_program(const char *const *argv, int fd, struct error *err)
{
	const struct process process = {
		.argv = argv,
		.kept_fd = fd,
		.timeout_ms = 60000,
		.memory_mib = PROCESS_MEMORY_MUCH_MIB,
	};
	return process_run(&process, err);
}
