/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The id of a volume: the name of its folder in the pool, and the handle that Kubernetes keeps.
 *
 * It follows from the name that the caller chose (CSI: CreateVolume is idempotent by name). A name
 * out of the alphabet below is its own id, so pvc-<uid> is found under that very name; any other
 * name becomes "h-" and its SHA-256. An id can therefore be used as the name of one folder and
 * nothing else: it has no slash, and does not begin with a dot.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define ID_MAX 128 /* bytes (CSI spec, "Size Limits") */
#define ID_NAME_MAX 128

/* [a-z0-9][a-z0-9.-]*, at most ID_MAX bytes. */
bool id_is_valid(const char *id);

/* ERROR_INVALID for a name that is empty, too long, has control characters, or looks like a path.
 */
int id_of_name(const char *name, char ret_id[static ID_MAX + 1], struct error *err);
