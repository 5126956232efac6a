/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where a volume's data lies, as far as a backend needs to know it: the four facts of a pool that
 * do not change while it is open. The backends do not see the pool's accounting and its folders.
 */

#include <limits.h>

#define BACKEND_SITE_NAME_MAX 31

struct host;

struct backend_site {
	char name[BACKEND_SITE_NAME_MAX + 1]; /* of the pool */
	char path[PATH_MAX];		      /* without links */
	struct host *host;
	int root_fd;
};
