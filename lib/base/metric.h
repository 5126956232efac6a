/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Counters, gauges and histograms of the process, in the Prometheus text format.
 *
 * A family is a static struct with a name, a help text and up to four label names; a sample of it
 * is addressed by its label values. Families register themselves at their first use and live as
 * long as the process. Thread-safe.
 */

#include <stdint.h>

#include "base/text.h"

#define METRIC_LABELS_MAX 4

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_state;

struct metric {
	const char *name; /* "csi_plugin_operations_seconds" */
	const char *help;
	enum metric_type type;
	const char *labels[METRIC_LABELS_MAX]; /* names; the rest NULL */
	const double *buckets;		       /* upper bounds, ascending, ended by 0 */
	struct metric_state *state;	       /* metric.c's; starts NULL */
};

/* values: one string for each label name, or NULL where there are no labels. */
void metric_add(struct metric *metric, const char *const *values, double amount);
void metric_set(struct metric *metric, const char *const *values, double value);
void metric_observe(struct metric *metric, const char *const *values, double value);

/* Called before each rendering, for gauges whose truth is elsewhere. */
void metric_on_collect(void (*collect)(void *context), void *context);

/* All families, and process_resident_memory_bytes, process_start_time_seconds, process_open_fds,
 * process_cpu_seconds_total of this process. */
void metric_render(struct text *text);
