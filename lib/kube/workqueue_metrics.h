/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the queues say of themselves (kube/workqueue.h), by the names of client-go's workqueue.
 * Thread-safe.
 */

#include <stddef.h>

struct workqueue_metrics;

struct workqueue_figures {
	size_t depth;
	double unfinished_s; /* the ages of all running reconciles together */
	double longest_s;
};

/* look: at the queue, whenever the metrics are read; fills figures that are zero. The name is
 * borrowed. */
struct workqueue_metrics *workqueue_metrics_new(const char *name,
						void (*look)(void *context,
							     struct workqueue_figures *figures),
						void *context);
void workqueue_metrics_free(struct workqueue_metrics *metrics);

void workqueue_metrics_added(const char *name);
void workqueue_metrics_retried(const char *name);
void workqueue_metrics_waited(const char *name, double seconds);
void workqueue_metrics_worked(const char *name, double seconds);
