/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/workqueue_metrics.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/metric.h"
#include "base/text.h"

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
static struct workqueue_metrics *queues;

struct workqueue_metrics {
	struct workqueue_metrics *next;
	struct workqueue_metrics *prev;
	const char *name;
	void (*look)(void *context, struct workqueue_figures *figures);
	void *context;
};

static void collect(void *context)
{
	struct workqueue_metrics *one;
	pthread_mutex_lock(&queues_lock);
	DL_FOREACH(queues, one) {
		struct workqueue_figures figures = { 0 };
		one->look(one->context, &figures);
		metric_set(&depth_metric, &one->name, (double)figures.depth);
		metric_set(&unfinished_metric, &one->name, figures.unfinished_s);
		metric_set(&longest_metric, &one->name, figures.longest_s);
	}
	pthread_mutex_unlock(&queues_lock);
}

struct workqueue_metrics *
workqueue_metrics_new(const char *name,
		      void (*look)(void *context, struct workqueue_figures *figures), void *context)
{
	static bool registered;
	struct workqueue_metrics *metrics = must_alloc(sizeof(*metrics));
	metrics->name = name;
	metrics->look = look;
	metrics->context = context;
	pthread_mutex_lock(&queues_lock);
	bool first = !registered;
	registered = true;
	DL_APPEND(queues, metrics);
	pthread_mutex_unlock(&queues_lock);
	if (first)
		metric_on_collect(collect, NULL);
	return metrics;
}

void workqueue_metrics_free(struct workqueue_metrics *metrics)
{
	pthread_mutex_lock(&queues_lock);
	DL_DELETE(queues, metrics);
	pthread_mutex_unlock(&queues_lock);
	free(metrics);
}

void workqueue_metrics_added(const char *name)
{
	metric_add(&adds_metric, &name, 1);
}

void workqueue_metrics_retried(const char *name)
{
	metric_add(&retries_metric, &name, 1);
}

void workqueue_metrics_waited(const char *name, double seconds)
{
	metric_observe(&queue_metric, &name, seconds);
}

void workqueue_metrics_worked(const char *name, double seconds)
{
	metric_observe(&work_metric, &name, seconds);
}
