/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/replacements.h"

#include <stdint.h>

#include "set/pod.h"
#include "test.h"

static struct replacements *rows;

static int set_up(void **state)
{
	rows = replacements_new();
	return 0;
}

static int tear_down(void **state)
{
	replacements_free(rows);
	return 0;
}

static struct pod pod_of_uid(const char *uid, const char *revision)
{
	return (struct pod) { .object = { .namespace = "default", .name = "web-0", .uid = uid },
			      .revision = revision };
}

static void end_failed(const char *uid, uint64_t now_ms)
{
	const struct pod pod = pod_of_uid(uid, "new");
	replacements_note_failed(rows, &pod, now_ms);
}

static void vanish(const char *uid, uint64_t now_ms)
{
	const struct pod pod = pod_of_uid(uid, "new");
	replacements_note_vanished(rows, &pod, now_ms);
}

static uint32_t wait_of(const char *revision, bool missing, uint64_t now_ms)
{
	const struct replacement_question question = { .namespace = "default",
						       .pod_name = "web-0",
						       .revision = revision,
						       .missing = missing };
	return replacements_wait_ms(rows, &question, now_ms);
}

static const char *const uids[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k" };

static void a_pod_that_fails_in_a_row_waits_twice_as_long_each_time(void **state)
{
	static const uint32_t waits[] = { 1000,	 2000,	 4000,	 8000,	 16000, 32000,
					  64000, 128000, 256000, 300000, 300000 };
	uint64_t now_ms = 5000;
	assert_int_equal(wait_of("new", false, now_ms), 0);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		end_failed(uids[i], now_ms);
		assert_int_equal(wait_of("new", false, now_ms), waits[i]);
		assert_int_equal(wait_of("new", true, now_ms), 0);
		assert_int_equal(wait_of("old", false, now_ms), 0);
		now_ms += waits[i];
		assert_int_equal(wait_of("new", false, now_ms), 0);
	}
	replacements_forget(rows, "default", "web-0");
	end_failed("z", now_ms);
	assert_int_equal(wait_of("new", false, now_ms), 1000);
}

static void a_failure_long_after_the_last_one_begins_a_new_row(void **state)
{
	end_failed("a", 0);
	end_failed("b", 1000);
	end_failed("c", 1000000);
	assert_int_equal(wait_of("new", false, 1000000), 1000);
}

static void the_first_pod_that_vanishes_comes_back_at_once_and_the_next_ones_wait(void **state)
{
	static const uint32_t waits[] = { 0,	 1000,	2000,	4000,	8000,  16000,
					  32000, 64000, 128000, 256000, 300000 };
	uint64_t now_ms = 5000;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		vanish(uids[i], now_ms);
		assert_int_equal(wait_of("new", true, now_ms), waits[i]);
		assert_int_equal(wait_of("old", true, now_ms), 0);
		now_ms += waits[i];
		assert_int_equal(wait_of("new", true, now_ms), 0);
	}
	replacements_forget(rows, "default", "web-0");
	vanish("z", now_ms);
	assert_int_equal(wait_of("new", true, now_ms), 0);
}

/* The watch sees our own deletion of a failed pod too, before or after we note it. */
static void a_failed_pod_that_we_delete_counts_once(void **state)
{
	end_failed("a", 0);
	vanish("a", 1);
	assert_int_equal(wait_of("new", true, 1), 0);
	assert_int_equal(wait_of("new", false, 0), 1000);
	vanish("b", 2000);
	assert_int_equal(wait_of("new", true, 2000), 1000);
	end_failed("b", 2001);
	assert_int_equal(wait_of("new", true, 2001), 0);
	assert_int_equal(wait_of("new", false, 2001), 2000);
}

static void another_template_begins_a_new_row(void **state)
{
	const struct pod next = pod_of_uid("d", "newer");
	vanish("a", 0);
	vanish("b", 0);
	vanish("c", 0);
	assert_int_equal(wait_of("new", true, 0), 2000);
	replacements_note_vanished(rows, &next, 0);
	assert_int_equal(wait_of("newer", true, 0), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_pod_that_fails_in_a_row_waits_twice_as_long_each_time),
		TEST(a_failure_long_after_the_last_one_begins_a_new_row),
		TEST(the_first_pod_that_vanishes_comes_back_at_once_and_the_next_ones_wait),
		TEST(a_failed_pod_that_we_delete_counts_once),
		TEST(another_template_begins_a_new_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
