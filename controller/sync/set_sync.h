/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One look at a set, from its revisions and pods as the copies show them to its status.
 *
 *	adopt revisions -> adopt and release pods -> find or make the set's revision
 *	    -> plan -> apply -> write the status -> delete old revisions
 *
 * A set that is being deleted gets its counts and nothing else. What is kept from one look to the
 * next is memory that may be lost: how long pods are gone (absence.h), how often they ended before
 * they were ready (replacements.h) and which patches do not last (repeats.h).
 */

#include "set/statefulset.h"

struct applier;

/* key: "<namespace>/<name>" of the set. 0: done. >0: look again in so many milliseconds. */
int set_sync(const struct applier *applier, const struct statefulset *set, const char *key,
	     struct error *err);
