/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Writing until there is no room any more. */

#include <stdint.h>

/* Writes to folder_fd/name, a new file or one from its beginning, and returns how much that was:
 * max_bytes, rounded up to 64 KiB, with *ret_errno 0, or less, with the reason there. */
uint64_t fill_file(int folder_fd, const char *name, uint64_t max_bytes, int *ret_errno);
