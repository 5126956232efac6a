/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Looks for a text in the memory of a process, such of it as can be written to: for what must not
 * stay there. Not under a sanitizer, which keeps what is freed.
 */

#include <stdbool.h>
#include <sys/types.h>

/* What cannot be read ends the test program. */
bool memory_search(pid_t pid, const char *what);
