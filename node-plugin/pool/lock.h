/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One operation at a time on a volume. The second one is not made to wait: CSI wants it refused
 * with ABORTED ("Operation pending for volume"), and the caller comes again. Different volumes do
 * not know of one another.
 */

#include <pthread.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "record/id.h"

struct volume_locks;

/* A volume's id, or what stands for a thing that is locked likewise: a word, a slash and an id; a
 * name in the trash. */
#define VOLUME_LOCK_KEY_MAX (VOLUME_ID_MAX + 32)

/* That one volume is held. */
struct volume_lock {
	struct volume_locks *locks;
	struct volume_lock *next;
	char id[VOLUME_LOCK_KEY_MAX + 1];
};

struct volume_locks {
	pthread_mutex_t mutex;
	struct volume_lock *held;
};

void volume_locks_init(struct volume_locks *locks);
void volume_locks_done(struct volume_locks *locks);

/* lock lies with the caller, starts as { 0 } and is given back by volume_lock_done(). ERROR_BUSY
 * if the volume is held. */
int volume_lock_take(struct volume_locks *locks, const char *id, struct volume_lock *lock,
		     struct error *err);
void volume_lock_done(struct volume_lock *lock);

#define CLEANUP_VOLUME_LOCK CLEANUP(volume_lock_done)
