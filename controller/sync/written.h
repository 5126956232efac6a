/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What we have written for each set and not yet seen come back.
 *
 * The live copies lag behind our own writes. A set that is looked at before they caught up would
 * be planned on the past: a pod that was just made would seem to be missing. So the newest version
 * written is remembered for each set and kind, and the set is left alone until the copy has it.
 */

#include <stdbool.h>

#include "kube/informer.h"

enum written_kind {
	WRITTEN_SET,
	WRITTEN_POD,
	WRITTEN_CLAIM,
	WRITTEN_REVISION,
	WRITTEN_KINDS,
};

struct written;

struct written *written_new(void);
void written_free(struct written *written);

/* set: "<namespace>/<name>". A later call for the same kind replaces the version of an earlier. */
void written_note(struct written *written, const char *set, enum written_kind kind,
		  const char *resource_version);

/* A pod of the set was deleted. Seen when the copy of pods shows it terminating or gone. */
void written_note_removal(struct written *written, const char *set, const struct object *pod);

/* All that was written for the set has been seen by the informers; it is forgotten then. */
bool written_is_seen(struct written *written, const char *set,
		     struct informer *const informers[static WRITTEN_KINDS],
		     enum written_kind *ret_behind);

void written_forget(struct written *written, const char *set);

DEFINE_CLEANUP(struct written *, written_free);
