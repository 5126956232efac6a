/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/repeats.h"

#include <stdint.h>
#include <stdio.h>

#include "kube/json.h"
#include "test.h"

static struct repeats *repeats;

static int set_up(void **state)
{
	repeats = repeats_new();
	return 0;
}

static int tear_down(void **state)
{
	repeats_free(repeats);
	return 0;
}

static uint32_t wait_for(const char *object, const char *json, uint64_t now_ms)
{
	CLEANUP(json_object_putp) struct json_object *patch = json_tokener_parse(json);
	const struct repeat repeat = {
		.set_uid = "set", .object_uid = object, .purpose = "labels", .patch = patch
	};
	return repeats_wait_ms(repeats, &repeat, now_ms);
}

static unsigned send(const char *object, const char *json, uint64_t now_ms)
{
	CLEANUP(json_object_putp) struct json_object *patch = json_tokener_parse(json);
	const struct repeat repeat = {
		.set_uid = "set", .object_uid = object, .purpose = "labels", .patch = patch
	};
	return repeats_note(repeats, &repeat, now_ms);
}

#define LABELS "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"
#define OTHER "{\"metadata\":{\"labels\":{\"a\":\"c\"}}}"

static void the_same_patch_waits_twice_as_long_from_the_second_repetition_on(void **state)
{
	static const uint32_t waits[] = { 0,	 1000,	2000,	4000,	8000,  16000,
					  32000, 64000, 128000, 256000, 300000 };
	uint64_t now_ms = 5000;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_int_equal(wait_for("x", LABELS, now_ms), 0);
		assert_int_equal(send("x", LABELS, now_ms), i + 1);
		assert_int_equal(wait_for("x", LABELS, now_ms), waits[i]);
		assert_int_equal(wait_for("y", LABELS, now_ms), 0);
		assert_int_equal(wait_for("x", OTHER, now_ms), 0);
		now_ms += waits[i];
	}
	assert_int_equal(send("x", OTHER, now_ms), 1);
	assert_int_equal(wait_for("x", OTHER, now_ms), 0);
}

static void the_version_and_the_time_in_a_patch_make_no_other_patch_of_it(void **state)
{
#define STATUS(version, time)                                                                      \
	"{\"metadata\":{\"resourceVersion\":\"" version "\"},\"status\":{\"replicas\":1,"          \
	"\"conditions\":[{\"type\":\"Waiting\",\"lastTransitionTime\":\"" time "\"}]}}"
	assert_int_equal(send("x", STATUS("1", "a"), 0), 1);
	assert_int_equal(send("x", STATUS("2", "b"), 0), 2);
}

static void a_patch_that_lasted_for_long_begins_a_new_row(void **state)
{
	send("x", LABELS, 0);
	send("x", LABELS, 0);
	assert_int_equal(send("x", LABELS, 1000000), 1);
}

/* The set is looked at once more, not again and again: the patch may not be wanted any more. */
static void a_patch_that_was_put_off_is_due_once(void **state)
{
	send("x", LABELS, 0);
	send("x", LABELS, 0);
	assert_int_equal(repeats_due_ms(repeats, "set", 0), 0);
	assert_int_equal(wait_for("x", LABELS, 100), 900);
	assert_int_equal(repeats_due_ms(repeats, "another set", 100), 0);
	assert_int_equal(repeats_due_ms(repeats, "set", 100), 900);
	assert_int_equal(repeats_due_ms(repeats, "set", 1001), 1);
	assert_int_equal(repeats_due_ms(repeats, "set", 1002), 0);
}

static void of_very_many_rows_the_oldest_are_forgotten(void **state)
{
	for (int i = 0; i < 5000; i++) {
		char uid[16];
		snprintf(uid, sizeof(uid), "%d", i);
		send(uid, LABELS, 0);
	}
	assert_int_equal(send("0", LABELS, 0), 1);
	assert_int_equal(send("4999", LABELS, 0), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_same_patch_waits_twice_as_long_from_the_second_repetition_on),
		TEST(the_version_and_the_time_in_a_patch_make_no_other_patch_of_it),
		TEST(a_patch_that_lasted_for_long_begins_a_new_row),
		TEST(a_patch_that_was_put_off_is_due_once),
		TEST(of_very_many_rows_the_oldest_are_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
