/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/lock.h"

#include <stdbool.h>
#include <string.h>

void volume_locks_init(struct volume_locks *locks)
{
	pthread_mutex_init(&locks->mutex, NULL);
	locks->held = NULL;
}

void volume_locks_done(struct volume_locks *locks)
{
	pthread_mutex_destroy(&locks->mutex);
}

static bool is_held(const struct volume_locks *locks, const char *id)
{
	for (const struct volume_lock *lock = locks->held; lock; lock = lock->next)
		if (strcmp(lock->id, id) == 0)
			return true;
	return false;
}

int volume_lock_take(struct volume_locks *locks, const char *id, struct volume_lock *lock,
		     struct error *err)
{
	strncpy(lock->id, id, VOLUME_LOCK_KEY_MAX);
	pthread_mutex_lock(&locks->mutex);
	bool busy = is_held(locks, lock->id);
	if (!busy) {
		lock->locks = locks;
		lock->next = locks->held;
		locks->held = lock;
	}
	pthread_mutex_unlock(&locks->mutex);
	if (busy)
		return error_set(err, ERROR_BUSY,
				 "another operation on volume %s is under way; try again", id);
	return 0;
}

void volume_lock_done(struct volume_lock *lock)
{
	struct volume_locks *locks = lock->locks;
	if (!locks)
		return;
	pthread_mutex_lock(&locks->mutex);
	struct volume_lock **link = &locks->held;
	while (*link != lock)
		link = &(*link)->next;
	*link = lock->next;
	pthread_mutex_unlock(&locks->mutex);
	lock->locks = NULL;
}
