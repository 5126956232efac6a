/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ticker.h"

#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "test.h"

#define HOUR_MS 3600000
#define LIMIT_MS 20000

struct job {
	struct ticker ticker;
	uint64_t every_ms;
	atomic_uint begun, ended;
	long takes_ms;
};

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec) { .tv_nsec = ms * 1000000 }, NULL);
}

static uint64_t count(void *context)
{
	struct job *job = context;
	job->begun++;
	if (job->takes_ms)
		wait_ms(job->takes_ms);
	job->ended++;
	return job->every_ms;
}

static void start(struct job *job)
{
	struct error err = { 0 };
	if (ticker_start(&job->ticker, "the test", count, job, &err) < 0)
		fail_msg("%s", err.text);
}

static void wait_for(atomic_uint *count, unsigned wanted)
{
	uint64_t deadline_ms = clock_monotonic_ms() + LIMIT_MS;
	while (*count < wanted && clock_monotonic_ms() < deadline_ms)
		wait_ms(1);
	assert_true(*count >= wanted);
}

static void a_job_runs_at_once_and_again_when_it_is_due(void **state)
{
	struct job job = { .every_ms = 1 };
	start(&job);
	wait_for(&job.ended, 5);
	ticker_stop(&job.ticker);
	unsigned ended = job.ended;
	wait_ms(20);
	assert_int_equal(job.ended, ended);
}

static void a_job_that_is_not_due_does_not_run(void **state)
{
	struct job job = { .every_ms = HOUR_MS };
	start(&job);
	wait_for(&job.ended, 1);
	wait_ms(50);
	ticker_stop(&job.ticker);
	assert_int_equal(job.begun, 1);
}

static void waking_makes_a_job_due(void **state)
{
	struct job job = { .every_ms = HOUR_MS };
	start(&job);
	wait_for(&job.ended, 1);
	ticker_wake(&job.ticker);
	wait_for(&job.ended, 2);
	ticker_stop(&job.ticker);
	assert_int_equal(job.begun, 2);
}

static void stopping_waits_for_the_run_that_is_under_way(void **state)
{
	struct job job = { .every_ms = HOUR_MS, .takes_ms = 50 };
	start(&job);
	wait_for(&job.begun, 1);
	ticker_stop(&job.ticker);
	assert_int_equal(job.begun, 1);
	assert_int_equal(job.ended, 1);
}

static void one_that_was_never_started_is_stopped_without_effect(void **state)
{
	struct ticker ticker = { 0 };
	ticker_stop(&ticker);
	assert_false(ticker.started);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_runs_at_once_and_again_when_it_is_due),
		cmocka_unit_test(a_job_that_is_not_due_does_not_run),
		cmocka_unit_test(waking_makes_a_job_due),
		cmocka_unit_test(stopping_waits_for_the_run_that_is_under_way),
		cmocka_unit_test(one_that_was_never_started_is_stopped_without_effect),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
