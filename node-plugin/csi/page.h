/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A page of a list, as ListVolumes and ListSnapshots return it.
 *
 * Lists are in the order of ids, and a token is a mark and the id after which the next page begins:
 * it survives the deletion of what has that id.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct csi_page {
	const char *after; /* "": from the beginning; borrowed from the token */
	size_t max;	   /* of entries */
};

/* ERROR_INVALID for a negative number; ERROR_BUSY (CSI: ABORTED) for a token that is not ours, with
 * which the caller begins again. */
int csi_page_read(int32_t max_entries, const char *starting_token, struct csi_page *ret_page,
		  struct error *err);

/* The token of the page behind this id. */
char *csi_page_token(struct arena *arena, const char *id);
