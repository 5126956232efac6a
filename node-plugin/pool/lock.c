/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/lock.h"

#include <stdbool.h>
#include <string.h>

void locks_init(struct locks *locks)
{
	pthread_mutex_init(&locks->mutex, NULL);
	locks->held = NULL;
}

void locks_done(struct locks *locks)
{
	pthread_mutex_destroy(&locks->mutex);
}

static const char *const KIND_NAMES[] = {
	[LOCK_VOLUME] = "volume",
	[LOCK_SNAPSHOT] = "snapshot",
	[LOCK_GROUP] = "group snapshot",
	[LOCK_TRASH] = "the removed",
};

static bool is_held(const struct locks *locks, enum lock_kind kind, const char *id)
{
	for (const struct lock *lock = locks->held; lock; lock = lock->next)
		if (lock->kind == kind && strcmp(lock->id, id) == 0)
			return true;
	return false;
}

int lock_take(struct locks *locks, enum lock_kind kind, const char *id, struct lock *lock,
	      struct error *err)
{
	lock->kind = kind;
	strncpy(lock->id, id, LOCK_ID_MAX);
	pthread_mutex_lock(&locks->mutex);
	bool busy = is_held(locks, kind, lock->id);
	if (!busy) {
		lock->locks = locks;
		lock->next = locks->held;
		locks->held = lock;
	}
	pthread_mutex_unlock(&locks->mutex);
	if (busy)
		return error_set(err, ERROR_BUSY,
				 "another operation on %s %s is under way; try again",
				 KIND_NAMES[kind], id);
	return 0;
}

void lock_done(struct lock *lock)
{
	struct locks *locks = lock->locks;
	if (!locks)
		return;
	pthread_mutex_lock(&locks->mutex);
	struct lock **link = &locks->held;
	while (*link != lock)
		link = &(*link)->next;
	*link = lock->next;
	pthread_mutex_unlock(&locks->mutex);
	lock->locks = NULL;
}
