/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/visit.h"

#include <errno.h>

#include "base/clock.h"
#include "pool/pulse.h"

void pool_visits_init(struct pool_visits *visits, unsigned max)
{
	*visits = (struct pool_visits) { .max = max };
	pthread_mutex_init(&visits->mutex, NULL);
	pthread_cond_init(&visits->changed, NULL);
}

void pool_visits_done(struct pool_visits *visits)
{
	pthread_cond_destroy(&visits->changed);
	pthread_mutex_destroy(&visits->mutex);
}

static bool is_full(const struct pool_visits *visits)
{
	return visits->max && visits->count >= visits->max;
}

/* The newest is the first in the list. */
static bool moves(const struct pool_visits *visits, uint64_t now_ms)
{
	return visits->inside && now_ms - visits->inside->since_ms < POOL_VISIT_PATIENCE_MS;
}

/* With the mutex held. False: there is no place. */
static bool wait_for_place(struct pool_visits *visits)
{
	uint64_t begin_ms = clock_monotonic_ms();
	struct timespec deadline = clock_deadline(begin_ms + POOL_VISIT_PATIENCE_MS);
	if (is_full(visits) && !moves(visits, begin_ms))
		return false;
	int outcome = 0;
	while (is_full(visits) && outcome != ETIMEDOUT)
		outcome = pthread_cond_clockwait(&visits->changed, &visits->mutex, CLOCK_MONOTONIC,
						 &deadline);
	return !is_full(visits);
}

/* With the mutex held. NULL: the thread is not inside. */
static struct pool_visit *find_of(const struct pool_visits *visits, pthread_t thread)
{
	for (struct pool_visit *visit = visits->inside; visit; visit = visit->next)
		if (pthread_equal(visit->thread, thread))
			return visit;
	return NULL;
}

/* With the mutex held. */
static void enter(struct pool_visits *visits, struct pool_visit *visit, bool counted)
{
	*visit = (struct pool_visit) { .visits = visits,
				       .next = visits->inside,
				       .since_ms = clock_monotonic_ms(),
				       .thread = pthread_self(),
				       .counted = counted };
	visits->inside = visit;
	visits->count += counted;
}

static bool enter_again(struct pool_visits *visits, struct pool_visit *visit)
{
	pthread_mutex_lock(&visits->mutex);
	bool inside = find_of(visits, pthread_self()) != NULL;
	if (inside)
		enter(visits, visit, false);
	pthread_mutex_unlock(&visits->mutex);
	return inside;
}

int pool_visit_begin(struct pool_visits *visits, const char *name, struct pool_visit *visit,
		     struct error *err)
{
	if (enter_again(visits, visit))
		return 0;
	if (visits->pulse && pool_pulse_ask(visits->pulse, err) < 0)
		return -1;
	pthread_mutex_lock(&visits->mutex);
	bool found = wait_for_place(visits);
	unsigned count = visits->count;
	if (found)
		enter(visits, visit, true);
	pthread_mutex_unlock(&visits->mutex);
	if (found)
		return 0;
	return error_set(
		err, ERROR_UNAVAILABLE,
		"pool %s: its disk answers slowly or not at all: %u calls wait for it; try "
		"again",
		name, count);
}

/* With the mutex held: the place passes to another visit of the thread, or becomes free. */
static void leave(struct pool_visits *visits, const struct pool_visit *visit)
{
	if (!visit->counted)
		return;
	struct pool_visit *other = find_of(visits, visit->thread);
	if (other) {
		other->counted = true;
		return;
	}
	visits->count--;
	pthread_cond_signal(&visits->changed);
}

void pool_visit_end(struct pool_visit *visit)
{
	struct pool_visits *visits = visit->visits;
	if (!visits)
		return;
	pthread_mutex_lock(&visits->mutex);
	struct pool_visit **link = &visits->inside;
	while (*link != visit)
		link = &(*link)->next;
	*link = visit->next;
	leave(visits, visit);
	pthread_mutex_unlock(&visits->mutex);
	visit->visits = NULL;
}
