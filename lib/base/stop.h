/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a program is asked to end: SIGTERM or SIGINT, or a part of it that cannot go on.
 *
 * stop_init() blocks the signals before any thread is started, so that every thread inherits the
 * mask and they arrive in stop_wait() alone. Children made by posix_spawn() need
 * POSIX_SPAWN_SETSIGMASK.
 */

#include <stdbool.h>
#include <stdint.h>

/* Also ignores SIGPIPE. Call once, first in main(). */
void stop_init(void);

/* Waits for a signal or a request. Returns the exit status: 0 after a signal, else the request's.
 */
int stop_wait(void);

/* A signal or a request has come, although stop_wait() was not called yet: what is waited for
 * before looks at this. */
bool stop_is_requested(void);

/* As if a signal had come; the first status that is not 0 wins. From any thread. */
void stop_request(int exit_status);
