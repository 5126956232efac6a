/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The calls that are at work on one pool's disk.
 *
 * A disk can stop answering. Each call that touches it then waits in the kernel for as long as that
 * lasts, and cannot be ended. So that one such disk never holds all workers of a node that has
 * other disks, a limited number of calls is at work in a pool at once.
 *
 * One call more waits for a moment: a disk that works is soon done with another one. It fails with
 * ERROR_UNAVAILABLE, which names the pool, when that does not happen; and at once when none of
 * those inside came lately, since then nothing moves there, or when the disk is known not to answer
 * (pool/pulse.h).
 *
 * A thread that is inside already enters again without another place: a call that holds several
 * volumes of a pool needs one.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

#define POOL_VISIT_PATIENCE_MS 2000

struct pool_pulse;
struct pool_visits;

struct pool_visit {
	struct pool_visits *visits; /* NULL: it has not begun */
	struct pool_visit *next;
	uint64_t since_ms;
	pthread_t thread;
	bool counted; /* false: its thread has a place by another visit */
};

struct pool_visits {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct pool_visit *inside;
	unsigned count;
	unsigned max;		  /* 0: no limit */
	struct pool_pulse *pulse; /* borrowed; NULL: it is not asked */
};

void pool_visits_init(struct pool_visits *visits, unsigned max);
void pool_visits_done(struct pool_visits *visits);

/* visit belongs to the caller, starts as { 0 }, stays where it is, and ends with pool_visit_end().
 * name is the pool's. The thread that begins it ends it. */
int pool_visit_begin(struct pool_visits *visits, const char *name, struct pool_visit *visit,
		     struct error *err);
void pool_visit_end(struct pool_visit *visit);

#define CLEANUP_POOL_VISIT CLEANUP(pool_visit_end)
