/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A program that is run to its end, such as mkfs: without a shell, with a time limit, its words
 * kept for the error when it fails.
 */

#include <stdint.h>

#include "base/error.h"

/* The child sees kept_fd as descriptor PROCESS_KEPT_FD. ERROR_NOT_FOUND if there is no such
 * program on PATH, ERROR_TIMEOUT if it was killed after timeout_ms, ERROR_INTERNAL with what it
 * wrote if its status is not 0. */
#define PROCESS_KEPT_FD 3
int process_run(const char *const *argv, int kept_fd, uint32_t timeout_ms, struct error *err);

/* The same for a program whose statuses up to this one are good news, too. */
int process_run_to(const char *const *argv, int kept_fd, uint32_t timeout_ms, int status_max,
		   struct error *err);
