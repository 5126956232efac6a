/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an image that was copied from elsewhere is given besides.
 */

#include "base/error.h"
#include "record/volume_record.h"

/* The size that its record says and, unless it is thin, all its blocks; what it holds stays. The
 * error is the caller's of CreateVolume: what to ask for instead. */
int backend_loop_set_size(int image_fd, const struct volume_record *record, struct error *err);
