/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/workqueue.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"

/* Marks the answer of workqueue_put_off(). The rest is the delay, up to twelve days. */
#define PUT_OFF (1 << 30)

/*
 * A key is known as long as it is wanted in some way:
 *
 *	ready		in the queue
 *	active		with a worker
 *	again		added while active: goes to the queue afterwards
 *	due_us		goes to the queue at that time; may stand beside all the others
 *	failures	failed so often in a row
 */
struct item {
	UT_hash_handle hh;
	struct item *prev; /* in the queue */
	struct item *next;
	bool ready;
	bool active;
	bool again;
	unsigned failures;
	uint64_t due_us; /* 0: not delayed */
	size_t place;	 /* in the heap of the delayed */
	uint64_t ready_us;
	uint64_t active_us;
	char key[];
};

struct workqueue {
	struct workqueue_options options;
	char *name;
	pthread_t *threads;
	unsigned started;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
	struct item *items;
	struct item *ready;
	size_t ready_count;
	struct item **delayed; /* a binary heap, the next one due in front */
	size_t delayed_count;
	size_t delayed_capacity;

	struct workqueue *next; /* of all queues, for the metrics */
	struct workqueue *prev;
};

/*
 * Metrics, by the names of client-go's workqueue.
 */

static const double seconds_buckets[] = { 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 0 };

static struct metric depth_metric = {
	.name = "workqueue_depth",
	.help = "Keys that wait for a worker.",
	.type = METRIC_GAUGE,
	.labels = { "name" },
};
static struct metric adds_metric = {
	.name = "workqueue_adds_total",
	.help = "Keys put into the queue.",
	.type = METRIC_COUNTER,
	.labels = { "name" },
};
static struct metric retries_metric = {
	.name = "workqueue_retries_total",
	.help = "Reconciles that failed and are tried again.",
	.type = METRIC_COUNTER,
	.labels = { "name" },
};
static struct metric queue_metric = {
	.name = "workqueue_queue_duration_seconds",
	.help = "How long keys waited for a worker.",
	.type = METRIC_HISTOGRAM,
	.labels = { "name" },
	.buckets = seconds_buckets,
};
static struct metric work_metric = {
	.name = "workqueue_work_duration_seconds",
	.help = "How long reconciles took.",
	.type = METRIC_HISTOGRAM,
	.labels = { "name" },
	.buckets = seconds_buckets,
};
static struct metric unfinished_metric = {
	.name = "workqueue_unfinished_work_seconds",
	.help = "Age of all running reconciles together.",
	.type = METRIC_GAUGE,
	.labels = { "name" },
};
static struct metric longest_metric = {
	.name = "workqueue_longest_running_processor_seconds",
	.help = "Age of the oldest running reconcile.",
	.type = METRIC_GAUGE,
	.labels = { "name" },
};

static pthread_mutex_t queues_lock = PTHREAD_MUTEX_INITIALIZER;
static struct workqueue *queues;

static double seconds_since(uint64_t start_us)
{
	return (double)(clock_monotonic_us() - start_us) / 1e6;
}

static void collect_one(struct workqueue *queue)
{
	const char *name = queue->name;
	double unfinished_s = 0, longest_s = 0;
	pthread_mutex_lock(&queue->lock);
	for (struct item *item = queue->items; item; item = item->hh.next) {
		if (!item->active)
			continue;
		double age_s = seconds_since(item->active_us);
		unfinished_s += age_s;
		longest_s = age_s > longest_s ? age_s : longest_s;
	}
	size_t depth = queue->ready_count;
	pthread_mutex_unlock(&queue->lock);
	metric_set(&depth_metric, &name, (double)depth);
	metric_set(&unfinished_metric, &name, unfinished_s);
	metric_set(&longest_metric, &name, longest_s);
}

static void collect(void *context)
{
	struct workqueue *queue;
	pthread_mutex_lock(&queues_lock);
	DL_FOREACH(queues, queue)
		collect_one(queue);
	pthread_mutex_unlock(&queues_lock);
}

static void join_queues(struct workqueue *queue)
{
	static bool registered;
	pthread_mutex_lock(&queues_lock);
	bool first = !registered;
	registered = true;
	DL_APPEND(queues, queue);
	pthread_mutex_unlock(&queues_lock);
	if (first)
		metric_on_collect(collect, NULL);
}

static void leave_queues(struct workqueue *queue)
{
	pthread_mutex_lock(&queues_lock);
	DL_DELETE(queues, queue);
	pthread_mutex_unlock(&queues_lock);
}

/*
 * The heap of the delayed. All from here on under the lock, unless said otherwise.
 */

static void put_at(struct workqueue *queue, size_t place, struct item *item)
{
	queue->delayed[place] = item;
	item->place = place;
}

static void sift_up(struct workqueue *queue, struct item *item)
{
	size_t place = item->place;
	while (place > 0 && queue->delayed[(place - 1) / 2]->due_us > item->due_us) {
		put_at(queue, place, queue->delayed[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put_at(queue, place, item);
}

static void sift_down(struct workqueue *queue, struct item *item)
{
	size_t place = item->place;
	for (;;) {
		size_t child = 2 * place + 1;
		if (child >= queue->delayed_count)
			break;
		if (child + 1 < queue->delayed_count &&
		    queue->delayed[child + 1]->due_us < queue->delayed[child]->due_us)
			child++;
		if (queue->delayed[child]->due_us >= item->due_us)
			break;
		put_at(queue, place, queue->delayed[child]);
		place = child;
	}
	put_at(queue, place, item);
}

static void delay(struct workqueue *queue, struct item *item, uint64_t due_us)
{
	if (item->due_us && item->due_us <= due_us)
		return;
	if (!item->due_us) {
		if (queue->delayed_count == queue->delayed_capacity) {
			queue->delayed_capacity += queue->delayed_capacity / 2 + 16;
			queue->delayed = must_realloc(queue->delayed,
						      queue->delayed_capacity * sizeof(item));
		}
		put_at(queue, queue->delayed_count++, item);
	}
	item->due_us = due_us;
	sift_up(queue, item);
}

static struct item *take_due(struct workqueue *queue, uint64_t now_us)
{
	if (!queue->delayed_count || queue->delayed[0]->due_us > now_us)
		return NULL;
	struct item *item = queue->delayed[0];
	struct item *last = queue->delayed[--queue->delayed_count];
	if (last != item) {
		last->place = 0;
		sift_down(queue, last);
	}
	item->due_us = 0;
	return item;
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
	if (item->ready || item->active || item->due_us || item->failures)
		return;
	HASH_DEL(queue->items, item);
	free(item);
}

static void make_ready(struct workqueue *queue, struct item *item)
{
	if (item->ready)
		return;
	metric_add(&adds_metric, (const char *const *)&queue->name, 1);
	if (item->active) {
		item->again = true;
		return;
	}
	item->ready = true;
	item->ready_us = clock_monotonic_us();
	DL_APPEND(queue->ready, item);
	queue->ready_count++;
	pthread_cond_signal(&queue->changed);
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
	metric_observe(&queue_metric, (const char *const *)&queue->name,
		       seconds_since(item->ready_us));
	return item;
}

/* Until something changes or the next delayed key is due. */
static void wait_for_work(struct workqueue *queue)
{
	if (!queue->delayed_count) {
		pthread_cond_wait(&queue->changed, &queue->lock);
		return;
	}
	struct timespec deadline = clock_deadline(queue->delayed[0]->due_us / 1000 + 1);
	pthread_cond_clockwait(&queue->changed, &queue->lock, CLOCK_MONOTONIC, &deadline);
}

/* NULL when the queue is stopped. */
static struct item *next_item(struct workqueue *queue)
{
	for (;;) {
		if (queue->stopping)
			return NULL;
		make_due_ready(queue);
		if (queue->ready) {
			/* This worker may have been the only one to wait for the next delayed key;
			 * the others may sleep without a timeout. */
			if (queue->delayed_count)
				pthread_cond_signal(&queue->changed);
			return take_ready(queue);
		}
		wait_for_work(queue);
	}
}

static void plan_next(struct workqueue *queue, struct item *item, int result, uint32_t retry_ms)
{
	bool looked_at = result < PUT_OFF;
	item->active = false;
	if (result >= 0 && looked_at)
		item->failures = 0;
	if (item->again) {
		item->again = false;
		make_ready(queue, item);
	}
	uint32_t delay_ms = result < 0 ? retry_ms : (uint32_t)(result & ~PUT_OFF);
	if (delay_ms) {
		delay(queue, item, clock_monotonic_us() + delay_ms * UINT64_C(1000));
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
	pthread_mutex_unlock(&queue->lock);

	int result = options->reconcile(options->context, item->key, &err);
	metric_observe(&work_metric, (const char *const *)&queue->name,
		       seconds_since(item->active_us));
	if (result < 0) {
		/* Only the worker that has the key touches its failures. */
		retry_ms = backoff_spread_ms(++item->failures, options->backoff_min_ms,
					     options->backoff_max_ms);
		metric_add(&retries_metric, (const char *const *)&queue->name, 1);
		if (options->failed)
			options->failed(options->context, item->key, &err, retry_ms);
	}

	pthread_mutex_lock(&queue->lock);
	plan_next(queue, item, result, retry_ms);
}

static void *run(void *context)
{
	struct workqueue *queue = context;
	struct item *item;
	pthread_mutex_lock(&queue->lock);
	while ((item = next_item(queue)))
		work_on(queue, item);
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

/*
 * The outside.
 */

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
	queue->threads = must_alloc(options->workers * sizeof(*queue->threads));
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	join_queues(queue);
	return queue;
}

void workqueue_start(struct workqueue *queue)
{
	assert(queue->started == 0);
	for (; queue->started < queue->options.workers; queue->started++)
		if (pthread_create(&queue->threads[queue->started], NULL, run, queue) != 0)
			abort(); /* as when memory is out: base/text.h */
}

void workqueue_stop(struct workqueue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->stopping = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	for (; queue->started > 0; queue->started--)
		pthread_join(queue->threads[queue->started - 1], NULL);
}

void workqueue_free(struct workqueue *queue)
{
	if (!queue)
		return;
	workqueue_stop(queue);
	leave_queues(queue);
	struct item *item, *next;
	HASH_ITER(hh, queue->items, item, next) {
		HASH_DEL(queue->items, item);
		free(item);
	}
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	free(queue->delayed);
	free(queue->threads);
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
		delay(queue, item, clock_monotonic_us() + delay_ms * UINT64_C(1000));
		pthread_cond_signal(&queue->changed);
	} else {
		make_ready(queue, item);
	}
	pthread_mutex_unlock(&queue->lock);
}
