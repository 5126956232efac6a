/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One operation at a time on a volume, a snapshot, a group of snapshots, or a folder in the trash.
 * The second one does not wait: CSI wants it refused with ABORTED ("Operation pending for volume"),
 * and the caller retries. Things of different kinds or ids do not exclude one another.
 *
 * A call that ends the thing does not wait either, but asks the holder to give up: code that
 * copies, fills or walks for long under a lock checks lock_is_unwanted() meanwhile. A caller that
 * only stops waiting does not have that effect: its next try continues what was begun.
 *
 * The holder of a volume's lock is a visitor of the pool that the volume is in (pool/visit.h), as
 * far as that pool is known.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "pool/visit.h"
#include "record/id.h"

struct locks;

enum lock_kind {
	LOCK_VOLUME,
	LOCK_SNAPSHOT,
	LOCK_GROUP,
	LOCK_TRASH, /* by its name in the trash, an id and a number */
};

enum lock_work {
	LOCK_WORK_ANY,
	LOCK_WORK_STAGING,
	LOCK_WORK_PUBLICATION, /* of an ephemeral volume, which is made by it */
};

#define LOCK_ID_MAX (ID_MAX + 32)

/* That one thing is held. */
struct lock {
	struct locks *locks;
	struct lock *next;
	enum lock_kind kind;
	char id[LOCK_ID_MAX + 1];
	atomic_bool unwanted; /* its holder is asked to give up */
	/* Set before it is taken: what the holder does or, for lock_take_to_end(), what it ends. */
	enum lock_work work;
	const char *doing; /* set before it is taken, for the error of others; NULL: nothing */
	struct pool_visit visit;
};

/* Begins the visit that belongs to a volume's lock; 0, too, where the pool is not known. */
typedef int lock_visitor(void *context, const char *id, struct pool_visit *visit,
			 struct error *err);

struct locks {
	lock_visitor *visit; /* NULL: none begins */
	void *context;
	pthread_mutex_t mutex;
	struct lock *held;
};

void locks_init(struct locks *locks);
void locks_done(struct locks *locks);

/* lock belongs to the caller, starts as { 0 } and is released by lock_done(). ERROR_BUSY if the
 * thing is held; ERROR_UNAVAILABLE if its pool's disk does not answer. */
int lock_take(struct locks *locks, enum lock_kind kind, const char *id, struct lock *lock,
	      struct error *err);
void lock_done(struct lock *lock);

/* Right now, for a look that must not mistake what is being changed for what is broken. */
bool lock_is_held(struct locks *locks, enum lock_kind kind, const char *id);

/* The same for a call that ends the thing: if it is held, the holder is asked to give up. One that
 * ends a staging or a publication alone leaves other work be: what makes a volume, only its
 * deletion ends. */
int lock_take_to_end(struct locks *locks, enum lock_kind kind, const char *id, struct lock *lock,
		     struct error *err);
bool lock_is_unwanted(const struct lock *lock);

#define CLEANUP_LOCK CLEANUP(lock_done)
