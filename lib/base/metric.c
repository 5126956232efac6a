/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"

#include <assert.h>
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define COLLECTORS_MAX 16

/* One set of label values of a family. */
struct sample {
	struct sample *next;
	char *values[METRIC_LABELS_MAX];
	double value;	   /* of a histogram: the sum */
	uint64_t count;	   /* of a histogram */
	uint64_t *buckets; /* of a histogram: not cumulated */
};

struct metric_state {
	struct metric *metric;
	struct metric_state *next;
	struct sample *samples; /* in the order of their first use */
};

/* One lock for all: an update takes less time than a system call. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric_state *families;

static struct {
	void (*collect)(void *context);
	void *context;
} collectors[COLLECTORS_MAX];
static size_t collector_count;

static size_t label_count(const struct metric *metric)
{
	size_t count = 0;
	while (count < METRIC_LABELS_MAX && metric->labels[count])
		count++;
	return count;
}

static size_t bucket_count(const struct metric *metric)
{
	size_t count = 0;
	while (metric->buckets && metric->buckets[count] != 0)
		count++;
	return count;
}

static void register_family(struct metric *metric)
{
	if (metric->state)
		return;
	struct metric_state *state = must_alloc(sizeof(*state));
	state->metric = metric;
	metric->state = state;
	struct metric_state **end = &families;
	while (*end)
		end = &(*end)->next;
	*end = state;
}

static bool has_values(const struct sample *sample, size_t count, const char *const *values)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(sample->values[i], values[i]) != 0)
			return false;
	return true;
}

static struct sample *find_sample(struct metric *metric, const char *const *values)
{
	register_family(metric);
	size_t labels = label_count(metric);
	struct sample **place = &metric->state->samples;
	for (; *place; place = &(*place)->next)
		if (has_values(*place, labels, values))
			return *place;
	struct sample *sample = must_alloc(sizeof(*sample));
	for (size_t i = 0; i < labels; i++)
		sample->values[i] = must_strdup(values[i]);
	if (metric->type == METRIC_HISTOGRAM)
		sample->buckets = must_alloc(bucket_count(metric) * sizeof(*sample->buckets));
	*place = sample;
	return sample;
}

void metric_add(struct metric *metric, const char *const *values, double amount)
{
	assert(metric->type != METRIC_HISTOGRAM);
	pthread_mutex_lock(&lock);
	find_sample(metric, values)->value += amount;
	pthread_mutex_unlock(&lock);
}

void metric_set(struct metric *metric, const char *const *values, double value)
{
	assert(metric->type == METRIC_GAUGE);
	pthread_mutex_lock(&lock);
	find_sample(metric, values)->value = value;
	pthread_mutex_unlock(&lock);
}

void metric_observe(struct metric *metric, const char *const *values, double value)
{
	assert(metric->type == METRIC_HISTOGRAM);
	size_t count = bucket_count(metric);
	size_t bucket = 0;
	while (bucket < count && value > metric->buckets[bucket])
		bucket++;
	pthread_mutex_lock(&lock);
	struct sample *sample = find_sample(metric, values);
	sample->value += value;
	sample->count++;
	if (bucket < count)
		sample->buckets[bucket]++;
	pthread_mutex_unlock(&lock);
}

void metric_on_collect(void (*collect)(void *context), void *context)
{
	pthread_mutex_lock(&lock);
	assert(collector_count < COLLECTORS_MAX);
	collectors[collector_count].collect = collect;
	collectors[collector_count].context = context;
	collector_count++;
	pthread_mutex_unlock(&lock);
}

/*
 * The text format (Prometheus, exposition formats, version 0.0.4).
 */

static void render_escaped(struct text *text, const char *value, const char *special)
{
	for (; *value; value++) {
		if (*value == '\n')
			text_append_string(text, "\\n");
		else if (strchr(special, *value))
			text_printf(text, "\\%c", *value);
		else
			text_append(text, value, 1);
	}
}

static void render_number(struct text *text, double value)
{
	if (isinf(value))
		text_append_string(text, value > 0 ? "+Inf" : "-Inf");
	else
		text_printf(text, "%.17g", value);
}

/* `le`: the upper bound of a bucket, or NULL. */
static void render_line(struct text *text, const struct metric *metric, const char *suffix,
			const struct sample *sample, const double *le, double value)
{
	size_t labels = label_count(metric);
	text_printf(text, "%s%s", metric->name, suffix);
	for (size_t i = 0; i < labels; i++) {
		text_printf(text, "%s%s=\"", i ? "," : "{", metric->labels[i]);
		render_escaped(text, sample->values[i], "\\\"");
		text_append_string(text, "\"");
	}
	if (le) {
		text_printf(text, "%sle=\"", labels ? "," : "{");
		if (isinf(*le))
			text_append_string(text, "+Inf");
		else
			text_printf(text, "%g", *le);
		text_append_string(text, "\"");
	}
	text_append_string(text, labels || le ? "} " : " ");
	render_number(text, value);
	text_append_string(text, "\n");
}

static void render_histogram(struct text *text, const struct metric *metric,
			     const struct sample *sample)
{
	const double infinity = INFINITY;
	uint64_t below = 0;
	size_t count = bucket_count(metric);
	for (size_t i = 0; i < count; i++) {
		below += sample->buckets[i];
		render_line(text, metric, "_bucket", sample, &metric->buckets[i], (double)below);
	}
	render_line(text, metric, "_bucket", sample, &infinity, (double)sample->count);
	render_line(text, metric, "_sum", sample, NULL, sample->value);
	render_line(text, metric, "_count", sample, NULL, (double)sample->count);
}

static void render_head(struct text *text, const char *name, const char *help,
			enum metric_type type)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	text_printf(text, "# HELP %s ", name);
	render_escaped(text, help, "\\");
	text_printf(text, "\n# TYPE %s %s\n", name, types[type]);
}

static void render_family(struct text *text, const struct metric_state *state)
{
	const struct metric *metric = state->metric;
	render_head(text, metric->name, metric->help, metric->type);
	for (const struct sample *sample = state->samples; sample; sample = sample->next) {
		if (metric->type == METRIC_HISTOGRAM)
			render_histogram(text, metric, sample);
		else
			render_line(text, metric, "", sample, NULL, sample->value);
	}
}

/*
 * The process itself, by the names that client libraries of Prometheus use.
 */

static double resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double open_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	if (!folder)
		return 0;
	double count = -3; /* ".", ".." and the folder itself */
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static double cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Field 22 of proc(5)'s stat, ticks since boot; the command's name before it may hold anything,
 * so counting begins behind its last parenthesis. */
static double start_seconds(void)
{
	char line[1024] = "";
	FILE *file = fopen("/proc/self/stat", "re");
	if (!file)
		return 0;
	size_t length = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[length] = '\0';
	const char *rest = strrchr(line, ')');
	unsigned long long ticks = 0;
	if (!rest || sscanf(rest + 1,
			    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%*d %*d %llu",
			    &ticks) != 1)
		return 0;
	struct timespec boot;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	double up_s = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9;
	double age_s = up_s - (double)ticks / (double)sysconf(_SC_CLK_TCK);
	return (double)clock_wall_us() / 1e6 - age_s;
}

static void render_process(struct text *text)
{
	const struct {
		const char *name;
		const char *help;
		enum metric_type type;
		double value;
	} values[] = {
		{ "process_resident_memory_bytes", "Resident memory size in bytes.", METRIC_GAUGE,
		  resident_bytes() },
		{ "process_start_time_seconds", "Start time since the epoch in seconds.",
		  METRIC_GAUGE, start_seconds() },
		{ "process_open_fds", "Number of open file descriptors.", METRIC_GAUGE,
		  open_fds() },
		{ "process_cpu_seconds_total", "User and system CPU time in seconds.",
		  METRIC_COUNTER, cpu_seconds() },
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		render_head(text, values[i].name, values[i].help, values[i].type);
		text_printf(text, "%s %.17g\n", values[i].name, values[i].value);
	}
}

/* Without the lock: a collector sets metrics. */
static void run_collectors(void)
{
	pthread_mutex_lock(&lock);
	size_t count = collector_count;
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < count; i++)
		collectors[i].collect(collectors[i].context);
}

void metric_render(struct text *text)
{
	run_collectors();
	pthread_mutex_lock(&lock);
	for (const struct metric_state *state = families; state; state = state->next)
		render_family(text, state);
	pthread_mutex_unlock(&lock);
	render_process(text);
}
