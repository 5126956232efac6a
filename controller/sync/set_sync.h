/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One look at a set, from its revisions and pods as the copies show them to its status.
 *
 *	adopt revisions -> settle whose the pods are -> find or make the set's revision
 *	    -> plan -> apply -> write the status -> throw old revisions away
 *
 * A set that is being deleted gets its counts and nothing else. Nothing is kept from one look to
 * the next.
 */

#include "set/statefulset.h"

struct applier;
struct informer;

struct set_sync {
	const struct applier *applier;
	struct informer *const *informers; /* by enum written_kind */
};

/* key: "<namespace>/<name>" of the set. 0: done. >0: look again in so many milliseconds. */
int set_sync(const struct set_sync *sync, const struct statefulset *set, const char *key,
	     struct error *err);
