/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Removal of the subvolumes that a pod made in its volume, which is a subvolume itself. The owner
 * of a subvolume may make it read-only, and its folders immutable: both are undone where they stand
 * in the way.
 */

#include <stdint.h>

#include "base/error.h"

/* All subvolumes in subvolume `id` of the file system of fd, the innermost first. Goes on past
 * those that resist; the error counts them and says why the first one does. */
int subvolume_nested_delete(int fd, uint64_t id, struct error *err);
