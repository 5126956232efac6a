/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/opening.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "pool/label.h"
#include "pool/pool.h"

struct pool_opening {
	char *name;
	char *path;
	struct pool_place place;
	struct pool_opening_wish wish;
	char id[POOL_LABEL_ID_LENGTH + 1];

	pthread_mutex_t mutex; /* for all below */
	pthread_cond_t changed;
	bool ended;
	bool abandoned;
	int outcome;
	struct error err;
	struct pool *pool;
};

static void destroy(struct pool_opening *opening)
{
	pool_close(opening->pool);
	pthread_cond_destroy(&opening->changed);
	pthread_mutex_destroy(&opening->mutex);
	free(opening->name);
	free(opening->path);
	free(opening);
}

static bool is_wanted(const struct pool_opening *opening)
{
	if (opening->id[0] && !pool_label_is(opening->path, opening->id))
		return false;
	return opening->wish.kind == POOL_OPENING_ANY ||
	       pool_label_is_at(opening->path) == (opening->wish.kind == POOL_OPENING_LABELLED);
}

static void *run(void *context)
{
	struct pool_opening *opening = context;
	struct error err = { 0 };
	struct pool *pool = NULL;
	int outcome = POOL_OPENING_OTHER;
	if (is_wanted(opening))
		outcome = opening->wish.open(&opening->wish, &pool, &err) < 0 ? -1
									      : POOL_OPENING_DONE;
	pthread_mutex_lock(&opening->mutex);
	opening->outcome = outcome;
	opening->err = err;
	opening->pool = pool;
	opening->ended = true;
	bool abandoned = opening->abandoned;
	pthread_cond_broadcast(&opening->changed);
	pthread_mutex_unlock(&opening->mutex);
	if (abandoned)
		destroy(opening);
	return NULL;
}

struct pool_opening *pool_opening_begin(const struct pool_opening_wish *wish, struct error *err)
{
	pthread_t thread;
	struct pool_opening *opening = must_alloc(sizeof(*opening));
	opening->name = must_strdup(wish->place->name);
	opening->path = must_strdup(wish->place->path);
	opening->place = *wish->place;
	opening->wish = *wish;
	opening->wish.place = &opening->place;
	opening->wish.id = opening->id;
	opening->place.name = opening->name;
	opening->place.path = opening->path;
	snprintf(opening->id, sizeof(opening->id), "%s", wish->id ? wish->id : "");
	pthread_mutex_init(&opening->mutex, NULL);
	pthread_cond_init(&opening->changed, NULL);
	int failure = pthread_create(&thread, NULL, run, opening);
	if (failure) {
		error_errno(err, failure, "pool %s: start a thread", opening->name);
		destroy(opening);
		return NULL;
	}
	pthread_detach(thread);
	return opening;
}

/* With the mutex held. False: it is under way. */
static bool wait_for_end(struct pool_opening *opening, uint64_t ms)
{
	struct timespec deadline =
		clock_deadline(clock_monotonic_ms() + (ms == UINT64_MAX ? 0 : ms));
	int outcome = 0;
	while (!opening->ended && outcome != ETIMEDOUT)
		outcome = ms == UINT64_MAX
				  ? pthread_cond_wait(&opening->changed, &opening->mutex)
				  : pthread_cond_clockwait(&opening->changed, &opening->mutex,
							   CLOCK_MONOTONIC, &deadline);
	return opening->ended;
}

int pool_opening_await(struct pool_opening *opening, uint64_t ms, struct pool **ret_pool,
		       struct error *err)
{
	pthread_mutex_lock(&opening->mutex);
	bool ended = wait_for_end(opening, ms);
	int outcome = ended ? opening->outcome : POOL_OPENING_SILENT;
	if (outcome < 0)
		*err = opening->err;
	if (outcome == POOL_OPENING_DONE)
		*ret_pool = TAKE(opening->pool);
	pthread_mutex_unlock(&opening->mutex);
	return outcome;
}

void pool_opening_free(struct pool_opening *opening)
{
	if (!opening)
		return;
	pthread_mutex_lock(&opening->mutex);
	opening->abandoned = true;
	bool ended = opening->ended;
	pthread_mutex_unlock(&opening->mutex);
	if (ended)
		destroy(opening);
}
