/* SPDX-License-Identifier: Apache-2.0 */
#include "base/aside.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"

struct aside {
	struct aside_options options;
	char *what;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool running;
	uint64_t begun_ms;
	uint64_t ended_ms; /* 0: none has */
	int result;
	struct error err;
};

struct aside *aside_new(const struct aside_options *options)
{
	struct aside *aside = must_alloc(sizeof(*aside));
	aside->options = *options;
	aside->what = must_strdup(options->what);
	pthread_mutex_init(&aside->lock, NULL);
	pthread_cond_init(&aside->changed, NULL);
	return aside;
}

static void *look(void *arg)
{
	struct aside *aside = arg;
	struct error err = { 0 };
	int result = aside->options.look(aside->options.context, &err);
	pthread_mutex_lock(&aside->lock);
	aside->result = result;
	aside->err = err;
	aside->ended_ms = clock_monotonic_ms();
	aside->running = false;
	pthread_cond_broadcast(&aside->changed);
	pthread_mutex_unlock(&aside->lock);
	return NULL;
}

/* With the lock held. */
static int begin(struct aside *aside, struct error *err)
{
	pthread_t thread;
	uint64_t now_ms = clock_monotonic_ms();
	if (aside->running ||
	    (aside->ended_ms && now_ms < aside->ended_ms + aside->options.interval_ms))
		return 0;
	int failed = pthread_create(&thread, NULL, look, aside);
	if (failed)
		return error_errno(err, failed, "%s: start a thread", aside->what);
	pthread_detach(thread);
	aside->running = true;
	aside->begun_ms = now_ms;
	return 0;
}

/* With the lock held. */
static int await(struct aside *aside, struct error *err)
{
	int late = 0;
	if (begin(aside, err) < 0)
		return -1;
	struct timespec deadline = clock_deadline(aside->begun_ms + aside->options.patience_ms);
	while (aside->running && late != ETIMEDOUT)
		late = pthread_cond_clockwait(&aside->changed, &aside->lock, CLOCK_MONOTONIC,
					      &deadline);
	if (aside->running)
		return error_set(err, ERROR_TIMEOUT, "%s: no answer for %" PRIu64 " ms",
				 aside->what, clock_monotonic_ms() - aside->begun_ms);
	if (aside->result < 0)
		*err = aside->err;
	return aside->result;
}

int aside_ask(struct aside *aside, struct error *err)
{
	struct error ignored;
	pthread_mutex_lock(&aside->lock);
	int result = await(aside, err ? err : &ignored);
	pthread_mutex_unlock(&aside->lock);
	return result;
}

uint64_t aside_age_ms(struct aside *aside)
{
	pthread_mutex_lock(&aside->lock);
	uint64_t ended_ms = aside->ended_ms;
	pthread_mutex_unlock(&aside->lock);
	return ended_ms ? clock_monotonic_ms() - ended_ms : 0;
}

void aside_free(struct aside *aside)
{
	if (!aside)
		return;
	pthread_mutex_lock(&aside->lock);
	while (aside->running)
		pthread_cond_wait(&aside->changed, &aside->lock);
	pthread_mutex_unlock(&aside->lock);
	pthread_cond_destroy(&aside->changed);
	pthread_mutex_destroy(&aside->lock);
	free(aside->what);
	free(aside);
}
