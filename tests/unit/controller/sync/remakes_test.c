/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/remakes.h"

#include <stdio.h>

#include "test.h"

static struct remakes *remakes;

static int set_up(void **state)
{
	remakes = remakes_new();
	return 0;
}

static int tear_down(void **state)
{
	remakes_free(remakes);
	return 0;
}

static void a_claim_made_in_a_row_waits_twice_as_long_from_the_second_repetition_on(void **state)
{
	static const uint32_t waits[] = { 0,	 1000,	2000,	4000,	8000,  16000,
					  32000, 64000, 128000, 256000, 300000 };
	uint64_t now_ms = 5000;
	assert_int_equal(remakes_wait_ms(remakes, "set", "www-web-0", now_ms), 0);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		remakes_note(remakes, "set", "www-web-0", now_ms);
		assert_int_equal(remakes_wait_ms(remakes, "set", "www-web-0", now_ms), waits[i]);
		assert_int_equal(remakes_wait_ms(remakes, "set", "www-web-1", now_ms), 0);
		assert_int_equal(remakes_wait_ms(remakes, "later set", "www-web-0", now_ms), 0);
		now_ms += waits[i];
		assert_int_equal(remakes_wait_ms(remakes, "set", "www-web-0", now_ms), 0);
	}
}

static void what_is_forgotten_begins_a_new_row(void **state)
{
	remakes_note(remakes, "set", "www-web-0", 0);
	remakes_note(remakes, "set", "www-web-0", 0);
	remakes_forget(remakes, "set", "www-web-0");
	assert_int_equal(remakes_wait_ms(remakes, "set", "www-web-0", 0), 0);
	remakes_note(remakes, "set", "www-web-0", 0);
	assert_int_equal(remakes_wait_ms(remakes, "set", "www-web-0", 0), 0);
}

static void a_claim_that_lasted_for_long_begins_a_new_row(void **state)
{
	remakes_note(remakes, "set", "www-web-0", 0);
	remakes_note(remakes, "set", "www-web-0", 0);
	remakes_note(remakes, "set", "www-web-0", 1000000);
	assert_int_equal(remakes_wait_ms(remakes, "set", "www-web-0", 1000000), 0);
}

static void of_very_many_rows_the_oldest_are_forgotten(void **state)
{
	for (int i = 0; i < 5000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "%d", i);
		remakes_note(remakes, "set", name, 0);
		remakes_note(remakes, "set", name, 0);
	}
	assert_int_equal(remakes_wait_ms(remakes, "set", "0", 0), 0);
	assert_int_equal(remakes_wait_ms(remakes, "set", "4999", 0), 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_claim_made_in_a_row_waits_twice_as_long_from_the_second_repetition_on),
		TEST(what_is_forgotten_begins_a_new_row),
		TEST(a_claim_that_lasted_for_long_begins_a_new_row),
		TEST(of_very_many_rows_the_oldest_are_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
