/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A thread that runs one job at its due times.
 *
 *	idle --ticker_start--> running --ticker_stop--> idle
 *
 * The job runs at once, and then again after the time that each run returns, or as soon as
 * ticker_wake() is called. A run does a bounded piece of work, since ticker_stop() waits for it.
 *
 * Jobs that must not delay one another have a ticker each: one that waits for a slow disk would
 * keep the others waiting.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Returns after how many milliseconds it is due again. */
typedef uint64_t ticker_job(void *context);

struct ticker {
	ticker_job *job;
	void *context;
	pthread_t thread;
	bool started;
	pthread_mutex_t mutex; /* for all below */
	pthread_cond_t changed;
	bool woken;
	bool stopping;
};

/* The ticker starts as { 0 } and must stay where it is until ticker_stop(). what: "the sweep", for
 * the error. */
int ticker_start(struct ticker *ticker, const char *what, ticker_job *job, void *context,
		 struct error *err);

/* Waits for the run that is under way. Does nothing for one that was never started. */
void ticker_stop(struct ticker *ticker);

/* The job is due now; if it is running, once more after that run. */
void ticker_wake(struct ticker *ticker);
