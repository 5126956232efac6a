/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/visit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "assert_outcome.h"
#include "base/clock.h"

#define MAX 2

static struct pool_visits visits;

static int set_up(void **state)
{
	pool_visits_init(&visits, MAX);
	return 0;
}

static int tear_down(void **state)
{
	pool_visits_done(&visits);
	return 0;
}

static void a_pool_without_a_limit_takes_any_number(void **state)
{
	struct pool_visits many;
	struct pool_visit inside[40] = { 0 };
	struct error err = { 0 };
	pool_visits_init(&many, 0);
	for (size_t i = 0; i < 40; i++)
		assert_done(pool_visit_begin(&many, "fast", &inside[i], &err), &err);
	for (size_t i = 0; i < 40; i++)
		pool_visit_end(&inside[i]);
	assert_int_equal(many.count, 0);
	pool_visits_done(&many);
}

/* As if other threads were inside: this one would enter again. */
static void enter_as_others(struct pool_visits *where, struct pool_visit *inside, size_t count)
{
	struct error err = { 0 };
	for (size_t i = 0; i < count; i++) {
		assert_done(pool_visit_begin(where, "fast", &inside[i], &err), &err);
		inside[i].thread = (pthread_t)(i + 1);
	}
}

static void a_thread_that_is_inside_needs_no_other_place(void **state)
{
	struct pool_visit others[MAX - 1] = { 0 }, own[3] = { 0 };
	struct error err = { 0 };
	enter_as_others(&visits, others, MAX - 1);
	for (size_t i = 0; i < 3; i++)
		assert_done(pool_visit_begin(&visits, "fast", &own[i], &err), &err);
	assert_int_equal(visits.count, MAX);
	/* The place is kept until the last one ends, in any order. */
	pool_visit_end(&own[0]);
	assert_int_equal(visits.count, MAX);
	pool_visit_end(&own[2]);
	assert_int_equal(visits.count, MAX);
	pool_visit_end(&own[1]);
	assert_int_equal(visits.count, MAX - 1);
	for (size_t i = 0; i < MAX - 1; i++)
		pool_visit_end(&others[i]);
	assert_int_equal(visits.count, 0);
}

static void one_too_many_is_refused_by_the_name_of_the_pool(void **state)
{
	struct pool_visit inside[MAX] = { 0 }, late = { 0 };
	struct error err = { 0 };
	enter_as_others(&visits, inside, MAX);
	uint64_t begin_ms = clock_monotonic_ms();
	assert_refused(pool_visit_begin(&visits, "fast", &late, &err), ERROR_UNAVAILABLE, &err,
		       "pool fast: ");
	/* Now none of those inside came lately: the next one is refused at once. */
	uint64_t between_ms = clock_monotonic_ms();
	assert_true(between_ms - begin_ms >= POOL_VISIT_PATIENCE_MS);
	assert_refused(pool_visit_begin(&visits, "fast", &late, &err), ERROR_UNAVAILABLE, &err,
		       "pool fast: ");
	assert_true(clock_monotonic_ms() - between_ms < POOL_VISIT_PATIENCE_MS / 2);
	pool_visit_end(&inside[0]);
	assert_done(pool_visit_begin(&visits, "fast", &late, &err), &err);
	pool_visit_end(&late);
	pool_visit_end(&inside[1]);
	pool_visit_end(&late); /* which has ended */
	assert_int_equal(visits.count, 0);
}

static void *end_soon(void *visit)
{
	usleep(50000);
	pool_visit_end(visit);
	return NULL;
}

static void a_call_without_a_place_waits_for_one_that_becomes_free(void **state)
{
	struct pool_visit inside[MAX] = { 0 }, late = { 0 };
	struct error err = { 0 };
	pthread_t thread;
	enter_as_others(&visits, inside, MAX);
	pthread_create(&thread, NULL, end_soon, &inside[0]);
	assert_done(pool_visit_begin(&visits, "fast", &late, &err), &err);
	pthread_join(thread, NULL);
	pool_visit_end(&late);
	pool_visit_end(&inside[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pool_without_a_limit_takes_any_number),
		TEST(a_thread_that_is_inside_needs_no_other_place),
		TEST(one_too_many_is_refused_by_the_name_of_the_pool),
		TEST(a_call_without_a_place_waits_for_one_that_becomes_free),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
