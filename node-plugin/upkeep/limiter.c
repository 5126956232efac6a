/* SPDX-License-Identifier: Apache-2.0 */
#include "upkeep/limiter.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "pool/pools.h"
#include "volume/limits.h"

#define EVERY_MS 1000
#define IDLE_MS 5000 /* where nothing is limited */

struct limiter {
	struct pools *pools;
	pthread_t thread;
	bool started;
	bool failing; /* told once, not every second */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool stopping;
};

static bool wait(struct limiter *limiter, uint64_t ms)
{
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + ms);
	pthread_mutex_lock(&limiter->mutex);
	int outcome = 0;
	while (!limiter->stopping && outcome != ETIMEDOUT)
		outcome = pthread_cond_clockwait(&limiter->changed, &limiter->mutex,
						 CLOCK_MONOTONIC, &deadline);
	bool go_on = !limiter->stopping;
	pthread_mutex_unlock(&limiter->mutex);
	return go_on;
}

static unsigned look(struct limiter *limiter)
{
	struct error err = { 0 };
	unsigned count = 0;
	bool failed = volume_limits_apply_all(limiter->pools, &count, &err) < 0;
	if (failed && !limiter->failing)
		log_error("limits of a volume cannot be set; trying on", LOG_ERR(&err));
	limiter->failing = failed;
	return count;
}

static void *run(void *context)
{
	struct limiter *limiter = context;
	while (wait(limiter, look(limiter) ? EVERY_MS : IDLE_MS))
		;
	return NULL;
}

int limiter_new(struct pools *pools, struct limiter **ret_limiter, struct error *err)
{
	CLEANUP(limiter_freep) struct limiter *limiter = must_alloc(sizeof(*limiter));
	limiter->pools = pools;
	pthread_mutex_init(&limiter->mutex, NULL);
	pthread_cond_init(&limiter->changed, NULL);
	int failure = pthread_create(&limiter->thread, NULL, run, limiter);
	if (failure)
		return error_errno(err, failure, "start the limiting thread");
	limiter->started = true;
	*ret_limiter = TAKE(limiter);
	return 0;
}

void limiter_free(struct limiter *limiter)
{
	if (!limiter)
		return;
	if (limiter->started) {
		pthread_mutex_lock(&limiter->mutex);
		limiter->stopping = true;
		pthread_cond_signal(&limiter->changed);
		pthread_mutex_unlock(&limiter->mutex);
		pthread_join(limiter->thread, NULL);
	}
	pthread_cond_destroy(&limiter->changed);
	pthread_mutex_destroy(&limiter->mutex);
	free(limiter);
}
