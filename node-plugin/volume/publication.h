/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where a pod is to have a volume, and how.
 */

#include <stdbool.h>

#include "volume/access.h"

struct volume_publication {
	const char *staging_path; /* not of an ephemeral one */
	const char *target_path;
	const struct access *access;
	bool read_only;
};
