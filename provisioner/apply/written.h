/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What this process has written and its live copies have not shown yet.
 *
 * The copies lag behind our own writes. An object that is looked at before they have caught up
 * would be planned on the past: a content that was just made would seem to be missing. So each
 * write is noted until the copy shows it, and a moment longer: another worker may have taken its
 * copy before. A note ends after 30 seconds in any case: what a watch has missed arrives with the
 * next list.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "kube/object.h"

struct written;

struct written *written_new(void);
void written_free(struct written *written);

/* As the API server has answered. is_new: it was created. */
void written_note(struct written *written, const struct object *object, bool is_new);

/* It was deleted, or will be gone as soon as it is let go: it is not what it was any more. */
void written_note_end(struct written *written, const struct object *object);

/* The copy of the object, NULL if it has none, is not older than what was written. */
bool written_is_seen(struct written *written, const struct kind *kind, const char *namespace,
		     const char *name, const struct object *copy);

DEFINE_CLEANUP(struct written *, written_free);
