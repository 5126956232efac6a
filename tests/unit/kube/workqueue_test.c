/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/workqueue.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "test.h"

/* What the reconciles did, in the order in which they began. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct text order;
static atomic_uint runs;
static atomic_uint running;
static atomic_uint most_running;
static atomic_uint failures_left;
static atomic_uint reported;
static atomic_uint last_retry_ms;
static atomic_bool hold;
static uint64_t run_at_ms[64];

static void reset(void)
{
	text_done(&order);
	runs = running = most_running = failures_left = reported = last_retry_ms = 0;
	hold = false;
}

static void note_run(const char *key)
{
	pthread_mutex_lock(&lock);
	text_printf(&order, "%s ", key);
	if (runs < 64)
		run_at_ms[runs] = clock_monotonic_ms();
	pthread_mutex_unlock(&lock);
	runs++;
	unsigned now = ++running;
	unsigned most = most_running;
	while (now > most && !atomic_compare_exchange_weak(&most_running, &most, now))
		;
}

static int reconcile(void *context, const char *key, struct error *err)
{
	note_run(key);
	while (hold)
		usleep(1000);
	running--;
	if (strcmp(key, "later") == 0 && runs < 3)
		return 100;
	if (strcmp(key, "put off") == 0 && runs % 2 == 0)
		return workqueue_put_off(5);
	if (failures_left) {
		failures_left--;
		return error_set(err, ERROR_UNAVAILABLE, "not yet");
	}
	return 0;
}

static void note_failure(void *context, const char *key, const struct error *err,
			 uint32_t retry_after_ms)
{
	assert_string_equal(err->text, "not yet");
	last_retry_ms = retry_after_ms;
	reported++;
}

static struct workqueue *make(unsigned workers)
{
	reset();
	const struct workqueue_options options = {
		.name = "test",
		.workers = workers,
		.idle_ms = 100,
		.backoff_min_ms = 40,
		.backoff_max_ms = 100,
		.reconcile = reconcile,
		.failed = note_failure,
	};
	return workqueue_new(&options);
}

#define eventually(condition)                                                                      \
	do {                                                                                       \
		uint64_t give_up_ms = clock_monotonic_ms() + 5000;                                 \
		while (!(condition) && clock_monotonic_ms() < give_up_ms)                          \
			usleep(1000);                                                              \
		assert_true(condition);                                                            \
	} while (0)

static void works_in_the_order_of_adding_and_once_per_key(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(1);
	workqueue_add(queue, "a");
	workqueue_add(queue, "b");
	workqueue_add(queue, "a");
	workqueue_add(queue, "c");
	workqueue_start(queue);
	eventually(runs == 3 && running == 0);
	usleep(20000);
	assert_string_equal(text_string(&order), "a b c ");
}

static void never_gives_one_key_to_two_workers(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(4);
	workqueue_start(queue);
	for (int i = 0; i < 200; i++) {
		workqueue_add(queue, "same");
		usleep(200);
	}
	eventually(running == 0);
	assert_int_equal(most_running, 1);
	assert_true(runs > 1);
}

static void looks_again_at_what_was_added_meanwhile(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(2);
	hold = true;
	workqueue_start(queue);
	workqueue_add(queue, "a");
	eventually(running == 1);
	workqueue_add(queue, "a");
	workqueue_add(queue, "a");
	usleep(20000);
	assert_int_equal(runs, 1);
	hold = false;
	eventually(runs == 2);
	usleep(20000);
	assert_int_equal(runs, 2);
}

static void gives_different_keys_to_all_workers(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(3);
	hold = true;
	workqueue_start(queue);
	workqueue_add(queue, "a");
	workqueue_add(queue, "b");
	workqueue_add(queue, "c");
	workqueue_add(queue, "d");
	eventually(running == 3);
	usleep(20000);
	assert_int_equal(runs, 3);
	hold = false;
	eventually(runs == 4);
}

static unsigned threads(void)
{
	unsigned count = 0;
	DIR *folder = opendir("/proc/self/task");
	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static void workers_begin_when_they_are_needed_and_end_when_not(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(8);
	unsigned before = threads();
	workqueue_start(queue);
	assert_int_equal(threads(), before + 1);
	for (unsigned round = 0; round < 2; round++) {
		unsigned done = runs;
		hold = true;
		for (char key[2] = "a"; key[0] < 'm'; key[0]++)
			workqueue_add(queue, key);
		eventually(running == 8);
		assert_int_equal(threads(), before + 8);
		hold = false;
		eventually(runs == done + 12);
		/* A key that comes now and then keeps no more than two. */
		for (unsigned i = 0; i < 500 && threads() > before + 2; i++) {
			workqueue_add_object(queue, "now", "and then");
			usleep(10000);
		}
		assert_true(threads() <= before + 2);
		eventually(threads() == before + 1);
	}
}

static void what_is_due_does_not_wait_for_a_busy_worker(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(2);
	hold = true;
	workqueue_start(queue);
	workqueue_add(queue, "a");
	eventually(running == 1);
	workqueue_add_after(queue, "b", 20);
	eventually(running == 2);
	hold = false;
}

static void tries_again_ever_later_and_forgets_after_success(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(1);
	failures_left = 4;
	workqueue_start(queue);
	workqueue_add(queue, "a");
	eventually(runs == 5 && reported == 4);
	/* 40, 80, 100, 100 ms, each shortened by up to a quarter. */
	assert_in_range(run_at_ms[1] - run_at_ms[0], 29, 2000);
	assert_in_range(run_at_ms[2] - run_at_ms[1], 59, 2000);
	assert_in_range(run_at_ms[3] - run_at_ms[2], 74, 2000);
	assert_in_range(last_retry_ms, 75, 100);
	failures_left = 1;
	workqueue_add(queue, "a");
	eventually(reported == 5);
	assert_in_range(last_retry_ms, 30, 40);
}

static void comes_back_when_the_reconcile_asks(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(2);
	workqueue_start(queue);
	workqueue_add(queue, "later");
	eventually(runs == 3);
	assert_in_range(run_at_ms[1] - run_at_ms[0], 99, 2000);
	assert_in_range(run_at_ms[2] - run_at_ms[1], 99, 2000);
	assert_int_equal(reported, 0);
}

/* A key that fails after each look that was put off must not be tried at the first pace for ever.
 */
static void a_look_that_is_put_off_forgets_no_failure(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(1);
	failures_left = 4;
	workqueue_start(queue);
	workqueue_add(queue, "put off");
	/* fails, is put off, fails, … */
	eventually(reported == 4);
	assert_in_range(last_retry_ms, 75, 100);
	assert_in_range(run_at_ms[1] - run_at_ms[0], 29, 2000);
	assert_in_range(run_at_ms[2] - run_at_ms[1], 4, 2000);
	assert_in_range(run_at_ms[3] - run_at_ms[2], 59, 2000);
	assert_in_range(run_at_ms[5] - run_at_ms[4], 74, 2000);
}

static void adds_after_a_delay_in_the_order_of_their_times(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(1);
	workqueue_start(queue);
	uint64_t begun_ms = clock_monotonic_ms();
	workqueue_add_after(queue, "d", 200);
	workqueue_add_after(queue, "b", 100);
	workqueue_add_after(queue, "c", 150);
	workqueue_add_after(queue, "a", 50);
	workqueue_add_after(queue, "d", 5000); /* sooner wins */
	workqueue_add_after(queue, "now", 0);
	eventually(runs == 5);
	assert_string_equal(text_string(&order), "now a b c d ");
	assert_in_range(run_at_ms[1] - begun_ms, 49, 2000);
	assert_in_range(run_at_ms[4] - begun_ms, 199, 3000);
}

static void an_event_does_not_wait_for_the_backoff(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(1);
	workqueue_start(queue);
	workqueue_add_after(queue, "a", 60000);
	workqueue_add(queue, "a");
	eventually(runs == 1);
}

static void keeps_many_delayed_keys_in_order(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make(1);
	char key[16];
	for (int i = 0; i < 500; i++) {
		snprintf(key, sizeof(key), "%03d", i * 7 % 500);
		workqueue_add_after(queue, key, 50 + (uint32_t)(i * 7 % 500) / 100 * 200);
	}
	workqueue_start(queue);
	eventually(runs == 500);
	/* A hundred keys are due at about the same time, the next hundred 200 ms later. */
	const char *text = text_string(&order);
	for (int i = 1; i < 500; i++)
		assert_true(strncmp(text + (i - 1) * 4, text + i * 4, 1) <= 0);
}

/*
 * Slow keys: "<lane>:<n>", of which those of lane "slow" do not end until `hold` is cleared.
 */

static atomic_uint slow_running;
static atomic_uint quick_runs;

static void name_lane(void *context, const char *key, struct text lanes[LANES])
{
	text_append(&lanes[0], key, strcspn(key, ":"));
}

static int reconcile_slow(void *context, const char *key, struct error *err)
{
	if (strncmp(key, "slow", 4) != 0) {
		quick_runs++;
		return 0;
	}
	slow_running++;
	while (hold)
		usleep(1000);
	slow_running--;
	return 0;
}

static struct workqueue *make_slow(unsigned spare_workers, bool lanes)
{
	const struct workqueue_options options = {
		.name = "slow",
		.workers = 4,
		.spare_workers = spare_workers,
		.slow_ms = 500,
		.backoff_min_ms = 40,
		.backoff_max_ms = 100,
		.reconcile = reconcile_slow,
		.name_lanes = lanes ? name_lane : NULL,
		.lane_limits = { 2, 8 },
	};
	reset();
	slow_running = quick_runs = 0;
	hold = true;
	return workqueue_new(&options);
}

static void add_numbered(struct workqueue *queue, const char *lane, int count)
{
	char key[32];
	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%s:%d", lane, i);
		workqueue_add(queue, key);
	}
}

static void spare_workers_stand_in_for_those_with_slow_keys(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make_slow(4, false);
	workqueue_start(queue);
	add_numbered(queue, "slow", 4);
	eventually(slow_running == 4);
	add_numbered(queue, "quick", 8);
	eventually(quick_runs == 8);
	/* All eight workers have a slow key: the next one waits. */
	workqueue_add(queue, "slow:4");
	workqueue_add(queue, "slow:5");
	workqueue_add(queue, "slow:6");
	workqueue_add(queue, "slow:7");
	eventually(slow_running == 8);
	add_numbered(queue, "again", 1);
	usleep(100000);
	assert_int_equal(quick_runs, 8);
	hold = false;
	eventually(quick_runs == 9 && slow_running == 0);
}

/* A first burst may take all workers; of the next keys no more than the limit are begun. */
static void the_slow_keys_of_one_lane_leave_the_spare_workers_to_the_others(void **state)
{
	CLEANUP(workqueue_freep) struct workqueue *queue = make_slow(8, true);
	workqueue_start(queue);
	add_numbered(queue, "slow", 50);
	eventually(slow_running == 4);
	add_numbered(queue, "quick", 50);
	eventually(quick_runs == 50);
	usleep(100000);
	assert_int_equal(slow_running, 4);
	/* One that is added again while it is held back is not run twice at once, or lost. */
	workqueue_add(queue, "slow:49");
	hold = false;
	add_numbered(queue, "quick", 50);
	eventually(quick_runs == 100);
	add_numbered(queue, "slow", 50);
	eventually(slow_running == 0);
}

static void what_a_lane_holds_back_does_not_keep_the_queue_from_ending(void **state)
{
	struct workqueue *queue = make_slow(8, true);
	workqueue_start(queue);
	add_numbered(queue, "slow", 50);
	eventually(slow_running == 4);
	usleep(100000);
	hold = false;
	workqueue_stop(queue);
	assert_int_equal(slow_running, 0);
	workqueue_free(queue);
}

static void stops_after_the_running_and_drops_the_rest(void **state)
{
	struct workqueue *queue = make(1);
	hold = true;
	workqueue_start(queue);
	workqueue_add(queue, "a");
	workqueue_add(queue, "b");
	workqueue_add_after(queue, "c", 1);
	eventually(running == 1);
	hold = false;
	workqueue_stop(queue);
	assert_int_equal(running, 0);
	assert_in_range(runs, 1, 3);
	unsigned before = runs;
	workqueue_add(queue, "d");
	usleep(20000);
	assert_int_equal(runs, before);
	workqueue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(works_in_the_order_of_adding_and_once_per_key),
		cmocka_unit_test(never_gives_one_key_to_two_workers),
		cmocka_unit_test(looks_again_at_what_was_added_meanwhile),
		cmocka_unit_test(gives_different_keys_to_all_workers),
		cmocka_unit_test(workers_begin_when_they_are_needed_and_end_when_not),
		cmocka_unit_test(what_is_due_does_not_wait_for_a_busy_worker),
		cmocka_unit_test(tries_again_ever_later_and_forgets_after_success),
		cmocka_unit_test(comes_back_when_the_reconcile_asks),
		cmocka_unit_test(a_look_that_is_put_off_forgets_no_failure),
		cmocka_unit_test(adds_after_a_delay_in_the_order_of_their_times),
		cmocka_unit_test(an_event_does_not_wait_for_the_backoff),
		cmocka_unit_test(keeps_many_delayed_keys_in_order),
		cmocka_unit_test(spare_workers_stand_in_for_those_with_slow_keys),
		cmocka_unit_test(the_slow_keys_of_one_lane_leave_the_spare_workers_to_the_others),
		cmocka_unit_test(what_a_lane_holds_back_does_not_keep_the_queue_from_ending),
		cmocka_unit_test(stops_after_the_running_and_drops_the_rest),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	text_done(&order);
	return failed;
}
