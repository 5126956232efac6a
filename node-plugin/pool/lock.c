/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/lock.h"

#include <string.h>

void locks_init(struct locks *locks)
{
	*locks = (struct locks) { 0 };
	pthread_mutex_init(&locks->mutex, NULL);
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

/* With the mutex held. NULL: it is free. */
static struct lock *find_held(const struct locks *locks, enum lock_kind kind, const char *id)
{
	for (struct lock *lock = locks->held; lock; lock = lock->next)
		if (lock->kind == kind && strcmp(lock->id, id) == 0)
			return lock;
	return NULL;
}

bool lock_is_held(struct locks *locks, enum lock_kind kind, const char *id)
{
	pthread_mutex_lock(&locks->mutex);
	bool held = find_held(locks, kind, id) != NULL;
	pthread_mutex_unlock(&locks->mutex);
	return held;
}

static int take(struct locks *locks, struct lock *lock, bool to_end, struct error *err)
{
	pthread_mutex_lock(&locks->mutex);
	struct lock *held = find_held(locks, lock->kind, lock->id);
	if (!held) {
		lock->locks = locks;
		lock->next = locks->held;
		locks->held = lock;
	} else if (to_end && (lock->work == LOCK_WORK_ANY || lock->work == held->work)) {
		atomic_store(&held->unwanted, true);
	}
	const char *doing = held ? held->doing : NULL;
	pthread_mutex_unlock(&locks->mutex);
	if (held)
		return error_set(
			err, ERROR_BUSY, "another operation on %s %s is under way%s%s; try again",
			KIND_NAMES[lock->kind], lock->id, doing ? ": " : "", doing ? doing : "");
	return 0;
}

static int take_and_visit(struct locks *locks, struct lock *lock, bool to_end, struct error *err)
{
	if (take(locks, lock, to_end, err) < 0)
		return -1;
	if (lock->kind != LOCK_VOLUME || !locks->visit ||
	    locks->visit(locks->context, lock->id, &lock->visit, err) == 0)
		return 0;
	lock_done(lock);
	return -1;
}

static void prepare(struct lock *lock, enum lock_kind kind, const char *id)
{
	lock->kind = kind;
	atomic_store(&lock->unwanted, false);
	strncpy(lock->id, id, LOCK_ID_MAX);
}

int lock_take(struct locks *locks, enum lock_kind kind, const char *id, struct lock *lock,
	      struct error *err)
{
	prepare(lock, kind, id);
	return take_and_visit(locks, lock, false, err);
}

int lock_take_to_end(struct locks *locks, enum lock_kind kind, const char *id, struct lock *lock,
		     struct error *err)
{
	prepare(lock, kind, id);
	return take_and_visit(locks, lock, true, err);
}

bool lock_is_unwanted(const struct lock *lock)
{
	return atomic_load(&lock->unwanted);
}

void lock_done(struct lock *lock)
{
	struct locks *locks = lock->locks;
	if (!locks)
		return;
	pool_visit_end(&lock->visit);
	pthread_mutex_lock(&locks->mutex);
	struct lock **link = &locks->held;
	while (*link != lock)
		link = &(*link)->next;
	*link = lock->next;
	pthread_mutex_unlock(&locks->mutex);
	lock->locks = NULL;
}
