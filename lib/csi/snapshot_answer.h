/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A snapshot in the answer of a call.
 */

#include <stdbool.h>
#include <stdint.h>

#include "csi/names.h"

/* A snapshot as its maker describes it. */
struct csi_snapshot {
	char id[CSI_STRING_BYTES_MAX + 1];
	char source_volume[CSI_STRING_BYTES_MAX + 1];
	char group[CSI_STRING_BYTES_MAX + 1]; /* the group snapshot that it is a member of, or "" */
	int64_t taken_ns;		      /* since the epoch; 0: not said */
	uint64_t size_bytes; /* of the least volume to restore it into; 0: not said */
	bool ready;	     /* a volume can be made of it */
};
