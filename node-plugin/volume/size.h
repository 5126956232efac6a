/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How small a new volume may be: by its kind, its file system, and whether it is held to its size.
 * CreateVolume and GetCapacity go by the same figure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "record/parameters.h"
#include "record/volume_record.h"

/* *fs_type: the file system that is asked for, "" for the default; the one that is meant
 * afterwards. ERROR_INVALID if such a volume cannot be made. */
int volume_size_minimum(const struct parameters *parameters, bool block, const char **fs_type,
			uint64_t *ret_bytes, struct error *err);

/* ERROR_RANGE if such a volume cannot have just these bytes: a device, and a directory that a quota
 * holds, have whole units of CAPACITY_UNIT_BYTES. A file system in an image may leave the rest of
 * its last unit unused. */
int volume_size_check_whole(const struct volume_record *record, uint64_t bytes, struct error *err);
