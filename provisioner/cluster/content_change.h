/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a change of the content of a snapshot, or of a group of them, may call for another plan.
 * What the sidecar's part writes itself does not: its annotation, the node that it notes with it,
 * the status. Pure.
 */

#include <stdbool.h>

#include "kube/object.h"

/* The annotations of the kind. */
struct content_words {
	const char *being_created;
	const char *being_deleted;
};

/* before: NULL for one that is new. */
bool content_change_counts(const struct content_words *words, const struct object *before,
			   const struct object *after);
