/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the file system says of a folder that is held to a size (folder/quota.h).
 */

#include <stdbool.h>
#include <stdint.h>

struct quota_usage {
	uint64_t limit_bytes; /* 0: none is set */
	uint64_t used_bytes;
	uint64_t own_bytes; /* of these, what is not shared with a copy, where that is known */
	bool outdated;	    /* the limit of inodes is not what quota_limit() sets with the bytes */
};
