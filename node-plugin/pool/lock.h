/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One operation at a time on a volume, a snapshot, a group of snapshots, or a folder in the trash.
 * The second one does not wait: CSI wants it refused with ABORTED ("Operation pending for volume"),
 * and the caller comes again. Things of different kinds or ids do not exclude one another.
 */

#include <pthread.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "record/id.h"

struct locks;

enum lock_kind {
	LOCK_VOLUME,
	LOCK_SNAPSHOT,
	LOCK_GROUP,
	LOCK_TRASH, /* by its name in the trash, an id and a number */
};

#define LOCK_ID_MAX (ID_MAX + 32)

/* That one thing is held. */
struct lock {
	struct locks *locks;
	struct lock *next;
	enum lock_kind kind;
	char id[LOCK_ID_MAX + 1];
};

struct locks {
	pthread_mutex_t mutex;
	struct lock *held;
};

void locks_init(struct locks *locks);
void locks_done(struct locks *locks);

/* lock belongs to the caller, starts as { 0 } and is released by lock_done(). ERROR_BUSY if the
 * thing is held. */
int lock_take(struct locks *locks, enum lock_kind kind, const char *id, struct lock *lock,
	      struct error *err);
void lock_done(struct lock *lock);

#define CLEANUP_LOCK CLEANUP(lock_done)
