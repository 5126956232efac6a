/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct metric calls = {
	.name = "test_calls_total",
	.help = "Calls,\nby method \\ code.",
	.type = METRIC_COUNTER,
	.labels = { "method", "code" },
};

static struct metric depth = {
	.name = "test_depth",
	.help = "Depth.",
	.type = METRIC_GAUGE,
};

static const double bounds[] = { 0.1, 1, 10, 0 };

static struct metric seconds = {
	.name = "test_seconds",
	.help = "Seconds.",
	.type = METRIC_HISTOGRAM,
	.labels = { "what" },
	.buckets = bounds,
};

static void expect(const char *line)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	metric_render(&text);
	if (!strstr(text_string(&text), line))
		fail_msg("no \"%s\" in:\n%s", line, text_string(&text));
}

static void counts_apart_by_label_values(void **state)
{
	const char *get_ok[] = { "get", "OK" };
	const char *get_lost[] = { "get", "lost" };
	metric_add(&calls, get_ok, 1);
	metric_add(&calls, get_ok, 2);
	metric_add(&calls, get_lost, 1);
	expect("# TYPE test_calls_total counter\ntest_calls_total{method=\"get\",code=\"OK\"} 3\n"
	       "test_calls_total{method=\"get\",code=\"lost\"} 1\n");
}

static void escapes_help_texts_and_label_values(void **state)
{
	const char *odd[] = { "a\"b\\c\nd", "" };
	metric_add(&calls, odd, 1);
	expect("# HELP test_calls_total Calls,\\nby method \\\\ code.\n");
	expect("test_calls_total{method=\"a\\\"b\\\\c\\nd\",code=\"\"} 1\n");
}

static void sets_and_adds_to_a_gauge(void **state)
{
	metric_set(&depth, NULL, 5);
	metric_add(&depth, NULL, -2);
	expect("\ntest_depth 3\n");
	metric_set(&depth, NULL, 0.25);
	expect("\ntest_depth 0.25\n");
}

static void cumulates_the_buckets_of_a_histogram(void **state)
{
	const char *what = "x";
	metric_observe(&seconds, &what, 0.1);
	metric_observe(&seconds, &what, 0.5);
	metric_observe(&seconds, &what, 100);
	expect("test_seconds_bucket{what=\"x\",le=\"0.1\"} 1\n"
	       "test_seconds_bucket{what=\"x\",le=\"1\"} 2\n"
	       "test_seconds_bucket{what=\"x\",le=\"10\"} 2\n"
	       "test_seconds_bucket{what=\"x\",le=\"+Inf\"} 3\n");
	expect("test_seconds_count{what=\"x\"} 3\n");
	expect("test_seconds_sum{what=\"x\"} 100.5");
}

static void collect(void *context)
{
	metric_set(&depth, NULL, *(const double *)context);
}

static void asks_for_gauges_before_it_renders(void **state)
{
	static double truth = 42;
	metric_on_collect(collect, &truth);
	expect("\ntest_depth 42\n");
}

static void tells_of_the_process_itself(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	metric_render(&text);
	static const char *const names[] = { "process_resident_memory_bytes", "process_open_fds",
					     "process_start_time_seconds" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CLEANUP_FREE char *line = must_printf("\n%s ", names[i]);
		const char *found = strstr(text_string(&text), line);
		assert_non_null(found);
		assert_true(strtod(found + strlen(line), NULL) > 0);
	}
	assert_non_null(strstr(text_string(&text), "\nprocess_cpu_seconds_total "));
}

static void *count_much(void *context)
{
	const char *values[] = { "many", "threads" };
	for (int i = 0; i < 10000; i++)
		metric_add(&calls, values, 1);
	return NULL;
}

static void loses_no_count_among_threads(void **state)
{
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_much, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	expect("\ntest_calls_total{method=\"many\",code=\"threads\"} 40000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_apart_by_label_values),
		cmocka_unit_test(escapes_help_texts_and_label_values),
		cmocka_unit_test(sets_and_adds_to_a_gauge),
		cmocka_unit_test(cumulates_the_buckets_of_a_histogram),
		cmocka_unit_test(asks_for_gauges_before_it_renders),
		cmocka_unit_test(tells_of_the_process_itself),
		cmocka_unit_test(loses_no_count_among_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
