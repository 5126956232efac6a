/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Staging of an image: its file system is checked where that is due, it is attached to a loop
 * device and mounted, and grows where it is smaller than its image. The functions are those of
 * struct backend.
 */

#include "backend/backend.h"
#include "base/error.h"

int backend_loop_stage(const struct backend_site *site, int folder_fd,
		       const struct volume_record *record, const struct backend_staging *asked,
		       struct error *err);

int backend_loop_grow_mounted(const struct backend_site *site, int folder_fd,
			      const struct volume_record *record, const char *path,
			      struct error *err);
