/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/workqueue.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "kube/due.h"
#include "kube/lanes.h"
#include "kube/workqueue_metrics.h"

/* Marks the answer of workqueue_put_off(). The rest is the delay, up to twelve days. */
#define PUT_OFF (1 << 30)

#define IDLE_MS 30000
#define NEXT_IDLE_MS 50 /* the next one ends after so long */

/*
 * A key is known as long as it is wanted in some way:
 *
 *	ready		in the queue
 *	active		with a worker; quick, until it has been so for slow_ms
 *	held back	by a lane that is full (kube/lanes.h)
 *	again		added while active: goes to the queue afterwards
 *	due		goes to the queue at that time; may stand beside all the others
 *	failures	failed so often in a row
 */
struct item {
	UT_hash_handle hh;
	struct item *prev; /* in the queue, or among the quick */
	struct item *next;
	bool ready;
	bool active;
	bool again;
	struct lane_place standing; /* in its lanes */
	unsigned failures;
	struct due due;
	uint64_t ready_us;
	uint64_t active_us;
	char key[];
};

struct worker {
	struct workqueue *queue;
	pthread_t thread;
	bool begun; /* and not joined yet */
	bool ended; /* it touches the queue no more */
};

struct workqueue {
	struct workqueue_options options;
	char *name;
	struct worker *workers; /* as many places as there may be */
	unsigned workers_max;
	unsigned running;
	unsigned idle;	      /* of them */
	uint64_t all_busy_ms; /* when last none of them was idle */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
	struct item *items;
	struct item *ready;
	size_t ready_count;
	struct item *quick; /* the active ones that are not slow, the oldest in front */
	unsigned quick_count;
	struct lanes *lanes;
	size_t held_back;
	struct dues delayed;

	struct workqueue_metrics *metrics;
};

static double seconds_since(uint64_t start_us)
{
	return (double)(clock_monotonic_us() - start_us) / 1e6;
}

static void look(void *context, struct workqueue_figures *figures)
{
	struct workqueue *queue = context;
	pthread_mutex_lock(&queue->lock);
	for (struct item *item = queue->items; item; item = item->hh.next) {
		if (!item->active)
			continue;
		double age_s = seconds_since(item->active_us);
		figures->unfinished_s += age_s;
		figures->longest_s = age_s > figures->longest_s ? age_s : figures->longest_s;
	}
	figures->depth = queue->ready_count + queue->held_back;
	pthread_mutex_unlock(&queue->lock);
}

/* All from here on under the lock, unless said otherwise. */

static void delay(struct workqueue *queue, struct item *item, uint32_t delay_ms)
{
	due_add(&queue->delayed, &item->due, clock_monotonic_us() + delay_ms * UINT64_C(1000));
}

static struct item *take_due(struct workqueue *queue, uint64_t now_us)
{
	struct due *due = dues_take(&queue->delayed, now_us);
	return due ? (struct item *)((char *)due - offsetof(struct item, due)) : NULL;
}

/*
 * The items.
 */

static struct item *item_for(struct workqueue *queue, const char *key)
{
	struct item *item;
	HASH_FIND_STR(queue->items, key, item);
	if (!item) {
		item = must_alloc(sizeof(*item) + strlen(key) + 1);
		strcpy(item->key, key);
		HASH_ADD_STR(queue->items, key, item);
	}
	return item;
}

static void forget_if_idle(struct workqueue *queue, struct item *item)
{
	if (item->ready || item->active || item->standing.waits || item->due.at_us ||
	    item->failures)
		return;
	HASH_DEL(queue->items, item);
	free(item);
}

static void append(struct workqueue *queue, struct item *item)
{
	item->ready = true;
	DL_APPEND(queue->ready, item);
	queue->ready_count++;
	pthread_cond_signal(&queue->changed);
}

/* A key that is held back may go in other lanes now: it was added since. */
static void make_ready(struct workqueue *queue, struct item *item)
{
	if (item->ready)
		return;
	workqueue_metrics_added(queue->name);
	if (item->active) {
		item->again = true;
		return;
	}
	if (item->standing.waits) {
		lanes_call(&item->standing);
		queue->held_back--;
	} else {
		item->ready_us = clock_monotonic_us();
	}
	append(queue, item);
}

/* The lanes have called them. */
static void append_called(struct workqueue *queue, struct lane_place *called)
{
	while (called) {
		struct lane_place *place = called;
		DL_DELETE(called, place);
		queue->held_back--;
		append(queue, (struct item *)((char *)place - offsetof(struct item, standing)));
	}
}

static void make_due_ready(struct workqueue *queue)
{
	struct item *item;
	while ((item = take_due(queue, clock_monotonic_us())))
		make_ready(queue, item);
}

static struct item *take_ready(struct workqueue *queue)
{
	struct item *item = queue->ready;
	DL_DELETE(queue->ready, item);
	queue->ready_count--;
	item->ready = false;
	item->active = true;
	item->active_us = clock_monotonic_us();
	DL_APPEND(queue->quick, item);
	queue->quick_count++;
	return item;
}

static void leave_quick(struct workqueue *queue, struct item *item)
{
	DL_DELETE(queue->quick, item);
	queue->quick_count--;
}

/* UINT64_MAX: none of them will be. */
static uint64_t next_slow_us(const struct workqueue *queue)
{
	return queue->options.slow_ms && queue->quick
		       ? queue->quick->active_us + queue->options.slow_ms * UINT64_C(1000)
		       : UINT64_MAX;
}

static void find_slow(struct workqueue *queue)
{
	uint64_t now_us = clock_monotonic_us();
	while (next_slow_us(queue) <= now_us) {
		struct item *item = queue->quick;
		leave_quick(queue, item);
		lanes_slow(&item->standing);
	}
}

static bool may_take(const struct workqueue *queue)
{
	return queue->ready && queue->quick_count < queue->options.workers;
}

static uint64_t end_of_patience_ms(const struct workqueue *queue)
{
	return queue->all_busy_ms + queue->options.idle_ms;
}

/* There was another idle one all the time. */
static bool is_needless(struct workqueue *queue)
{
	uint64_t now_ms = clock_monotonic_ms();
	bool needless = queue->idle && now_ms >= end_of_patience_ms(queue);
	if (needless)
		queue->all_busy_ms = now_ms + NEXT_IDLE_MS - queue->options.idle_ms;
	return needless;
}

/* Until something changes, or it is time for a delayed key, for a spare worker or for an end. */
static void wait_for_work(struct workqueue *queue)
{
	uint64_t until_us = dues_next_us(&queue->delayed);
	if (queue->idle && end_of_patience_ms(queue) * 1000 < until_us)
		until_us = end_of_patience_ms(queue) * 1000;
	if (queue->ready && next_slow_us(queue) < until_us)
		until_us = next_slow_us(queue);
	struct timespec deadline = clock_deadline(until_us / 1000 + 1);
	queue->idle++;
	if (until_us == UINT64_MAX)
		pthread_cond_wait(&queue->changed, &queue->lock);
	else
		pthread_cond_clockwait(&queue->changed, &queue->lock, CLOCK_MONOTONIC, &deadline);
	queue->idle--;
}

static void *run(void *context);

static bool begin_worker(struct workqueue *queue)
{
	struct worker *worker = queue->workers;
	while (worker->begun && !worker->ended)
		worker++;
	if (worker->begun)
		pthread_join(worker->thread, NULL);
	*worker = (struct worker) { .queue = queue };
	worker->begun = pthread_create(&worker->thread, NULL, run, worker) == 0;
	queue->running += worker->begun;
	if (!worker->begun)
		log_warning("no thread for one more worker", LOG_TEXT("queue", queue->name));
	return worker->begun;
}

/* Before this thread is busy: another one is to wait for the next key, the next delayed one, and
 * the moment when one is slow. It may sleep towards a later time. */
static void leave_watch(struct workqueue *queue)
{
	if (queue->idle) {
		pthread_cond_signal(&queue->changed);
		return;
	}
	queue->all_busy_ms = clock_monotonic_ms();
	if (queue->running < queue->workers_max)
		begin_worker(queue);
}

/* NULL: the worker ends. */
static struct item *next_item(struct workqueue *queue)
{
	for (;;) {
		if (queue->stopping)
			return NULL;
		make_due_ready(queue);
		find_slow(queue);
		if (may_take(queue)) {
			struct item *item = take_ready(queue);
			leave_watch(queue);
			return item;
		}
		if (is_needless(queue)) {
			pthread_cond_signal(
				&queue->changed); /* it may have been called for another */
			return NULL;
		}
		wait_for_work(queue);
	}
}

/* Called with the lock, which is released meanwhile. */
static bool enter_lanes(struct workqueue *queue, struct item *item)
{
	struct text lanes[LANES] = { 0 };
	const char *names[LANES];
	struct lane_place *called = NULL;
	if (!queue->options.name_lanes)
		return true;
	pthread_mutex_unlock(&queue->lock);
	queue->options.name_lanes(queue->options.context, item->key, lanes);
	for (size_t i = 0; i < LANES; i++)
		names[i] = text_string(&lanes[i]);
	pthread_mutex_lock(&queue->lock);
	bool entered = lanes_enter(queue->lanes, &item->standing, names, &called);
	append_called(queue, called);
	for (size_t i = 0; i < LANES; i++)
		text_done(&lanes[i]);
	return entered;
}

/* Is active no longer. */
static void end(struct workqueue *queue, struct item *item)
{
	struct lane_place *called = NULL;
	item->active = false;
	if (!item->standing.slow)
		leave_quick(queue, item);
	lanes_leave(queue->lanes, &item->standing, &called);
	append_called(queue, called);
}

static void hold_back(struct workqueue *queue, struct item *item)
{
	queue->held_back++;
	end(queue, item);
	if (item->again) {
		item->again = false;
		make_ready(queue, item);
	}
}

static void plan_next(struct workqueue *queue, struct item *item, int result, uint32_t retry_ms)
{
	bool looked_at = result < PUT_OFF;
	end(queue, item);
	if (result >= 0 && looked_at)
		item->failures = 0;
	if (item->again) {
		item->again = false;
		make_ready(queue, item);
	}
	uint32_t delay_ms = result < 0 ? retry_ms : (uint32_t)(result & ~PUT_OFF);
	if (delay_ms) {
		delay(queue, item, delay_ms);
		/* The others may sleep towards a later time. */
		pthread_cond_signal(&queue->changed);
	}
	forget_if_idle(queue, item);
}

/* Called with the lock, which is released while the reconcile runs. */
static void work_on(struct workqueue *queue, struct item *item)
{
	const struct workqueue_options *options = &queue->options;
	struct error err = { 0 };
	uint32_t retry_ms = 0;
	if (!enter_lanes(queue, item)) {
		hold_back(queue, item);
		return;
	}
	workqueue_metrics_waited(queue->name, seconds_since(item->ready_us));
	pthread_mutex_unlock(&queue->lock);

	int result = options->reconcile(options->context, item->key, &err);
	workqueue_metrics_worked(queue->name, seconds_since(item->active_us));
	if (result < 0) {
		/* Only the worker that has the key touches its failures. */
		retry_ms = backoff_spread_ms(++item->failures, options->backoff_min_ms,
					     options->backoff_max_ms);
		workqueue_metrics_retried(queue->name);
		if (options->failed)
			options->failed(options->context, item->key, &err, retry_ms);
	}

	pthread_mutex_lock(&queue->lock);
	plan_next(queue, item, result, retry_ms);
}

static void *run(void *context)
{
	struct worker *worker = context;
	struct workqueue *queue = worker->queue;
	struct item *item;
	pthread_mutex_lock(&queue->lock);
	while ((item = next_item(queue)))
		work_on(queue, item);
	queue->running--;
	worker->ended = true;
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

int workqueue_put_off(uint32_t delay_ms)
{
	assert(delay_ms > 0);
	return PUT_OFF | (int)(delay_ms < PUT_OFF ? delay_ms : PUT_OFF - 1);
}

struct workqueue *workqueue_new(const struct workqueue_options *options)
{
	assert(options->workers > 0);
	struct workqueue *queue = must_alloc(sizeof(*queue));
	queue->options = *options;
	queue->name = must_strdup(options->name);
	queue->options.idle_ms = options->idle_ms ? options->idle_ms : IDLE_MS;
	queue->workers_max = options->workers + options->spare_workers;
	queue->workers = must_alloc(queue->workers_max * sizeof(*queue->workers));
	queue->lanes = lanes_new(options->lane_limits, options->workers);
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	queue->metrics = workqueue_metrics_new(queue->name, look, queue);
	return queue;
}

void workqueue_start(struct workqueue *queue)
{
	pthread_mutex_lock(&queue->lock);
	assert(queue->running == 0);
	if (!begin_worker(queue))
		abort(); /* as when memory is out: base/text.h */
	pthread_mutex_unlock(&queue->lock);
}

void workqueue_stop(struct workqueue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->stopping = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	for (unsigned i = 0; i < queue->workers_max; i++)
		if (queue->workers[i].begun) {
			pthread_join(queue->workers[i].thread, NULL);
			queue->workers[i].begun = false;
		}
}

void workqueue_free(struct workqueue *queue)
{
	if (!queue)
		return;
	workqueue_stop(queue);
	workqueue_metrics_free(queue->metrics);
	struct item *item, *next;
	HASH_ITER(hh, queue->items, item, next) {
		HASH_DEL(queue->items, item);
		free(item);
	}
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	dues_done(&queue->delayed);
	lanes_free(queue->lanes);
	free(queue->workers);
	free(queue->name);
	free(queue);
}

void workqueue_add(struct workqueue *queue, const char *key)
{
	pthread_mutex_lock(&queue->lock);
	make_ready(queue, item_for(queue, key));
	pthread_mutex_unlock(&queue->lock);
}

void workqueue_add_object(struct workqueue *queue, const char *namespace, const char *name)
{
	CLEANUP_FREE char *key = must_printf("%s/%s", namespace, name);
	workqueue_add(queue, key);
}

void workqueue_add_after(struct workqueue *queue, const char *key, uint32_t delay_ms)
{
	pthread_mutex_lock(&queue->lock);
	struct item *item = item_for(queue, key);
	if (delay_ms) {
		delay(queue, item, delay_ms);
		pthread_cond_signal(&queue->changed);
	} else {
		make_ready(queue, item);
	}
	pthread_mutex_unlock(&queue->lock);
}
