/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Long work on a volume that ends early when the volume is no longer wanted: a call that deletes,
 * unstages or unpublishes it, whichever ends this work, came meanwhile and was answered ABORTED
 * (pool/lock.h). Its next try
 * finds the volume free.
 *
 * A caller that stops waiting does not end the work. Callers wait for a minute or two, and zeroes
 * or files that take longer would be begun again with each retry, and never be complete.
 */

#include "folder/copy.h"

struct lock;

struct unwanted {
	struct copy_watch watch; /* for the work */
	const struct lock *lock; /* of the volume */
	const struct copy_watch *outer;
};

/* outer is asked too; it may be NULL. unwanted must stay where it is while the work lasts. */
void unwanted_init(struct unwanted *unwanted, const struct lock *lock,
		   const struct copy_watch *outer);
