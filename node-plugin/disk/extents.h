/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a file holds of its disk. Where files share blocks with one another (clones), stat(2) counts
 * them for each; fiemap shows those that a file has for itself (Documentation/filesystems/fiemap).
 */

#include <stdint.h>

/* Of the file folder_fd/name; 0 if it cannot be looked at. */
uint64_t extents_held_bytes(int folder_fd, const char *name);
uint64_t extents_own_bytes(int folder_fd, const char *name);
