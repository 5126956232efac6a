/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ticker.h"

#include <errno.h>

#include "base/clock.h"

/* False: it is time to end. */
static bool wait(struct ticker *ticker, uint64_t ms)
{
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + ms);
	int outcome = 0;
	pthread_mutex_lock(&ticker->mutex);
	while (!ticker->stopping && !ticker->woken && outcome != ETIMEDOUT)
		outcome = pthread_cond_clockwait(&ticker->changed, &ticker->mutex, CLOCK_MONOTONIC,
						 &deadline);
	ticker->woken = false;
	bool go_on = !ticker->stopping;
	pthread_mutex_unlock(&ticker->mutex);
	return go_on;
}

static void *run(void *context)
{
	struct ticker *ticker = context;
	while (wait(ticker, ticker->job(ticker->context)))
		;
	return NULL;
}

int ticker_start(struct ticker *ticker, const char *what, ticker_job *job, void *context,
		 struct error *err)
{
	ticker->job = job;
	ticker->context = context;
	pthread_mutex_init(&ticker->mutex, NULL);
	pthread_cond_init(&ticker->changed, NULL);
	int failure = pthread_create(&ticker->thread, NULL, run, ticker);
	if (failure) {
		pthread_cond_destroy(&ticker->changed);
		pthread_mutex_destroy(&ticker->mutex);
		return error_errno(err, failure, "start the thread of %s", what);
	}
	ticker->started = true;
	return 0;
}

static void set(struct ticker *ticker, bool *flag)
{
	pthread_mutex_lock(&ticker->mutex);
	*flag = true;
	pthread_cond_signal(&ticker->changed);
	pthread_mutex_unlock(&ticker->mutex);
}

void ticker_wake(struct ticker *ticker)
{
	set(ticker, &ticker->woken);
}

void ticker_stop(struct ticker *ticker)
{
	if (!ticker->started)
		return;
	set(ticker, &ticker->stopping);
	pthread_join(ticker->thread, NULL);
	pthread_cond_destroy(&ticker->changed);
	pthread_mutex_destroy(&ticker->mutex);
	ticker->started = false;
}
