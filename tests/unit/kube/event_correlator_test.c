/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/event_correlator.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "kube/claim.h"
#include "test.h"

#define MINUTE_MS UINT64_C(60000)

static struct object object = {
	.kind = &claim_kind, .namespace = "shop", .name = "c", .uid = "u-1"
};

static char *key_at(struct event_correlator *correlator, const char *message, uint64_t now_ms)
{
	const struct event_about about = { &object, "Warning", "Failed", message };
	bool combined;
	return event_correlator_key(correlator, &about, now_ms, &combined);
}

static bool combined_at(struct event_correlator *correlator, int message, uint64_t now_ms)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", message);
	const struct event_about about = { &object, "Warning", "Failed", text };
	bool combined;
	free(event_correlator_key(correlator, &about, now_ms, &combined));
	return combined;
}

static bool admit_at(struct event_correlator *correlator, const char *type, uint64_t now_ms)
{
	const struct event_about about = { &object, type, "Failed", "x" };
	return event_correlator_admit(correlator, &about, now_ms);
}

static void the_same_event_has_the_same_key(void **state)
{
	CLEANUP(event_correlator_freep)
	struct event_correlator *correlator = event_correlator_new();
	CLEANUP_FREE char *first = key_at(correlator, "a", 1);
	CLEANUP_FREE char *again = key_at(correlator, "a", 2);
	CLEANUP_FREE char *other = key_at(correlator, "b", 3);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
}

static void the_tenth_message_within_ten_minutes_is_combined(void **state)
{
	CLEANUP(event_correlator_freep)
	struct event_correlator *correlator = event_correlator_new();
	for (int i = 0; i < 9; i++)
		assert_false(combined_at(correlator, i, MINUTE_MS));
	assert_true(combined_at(correlator, 9, 2 * MINUTE_MS));
	assert_true(combined_at(correlator, 10, 3 * MINUTE_MS));
	assert_false(combined_at(correlator, 3, 4 * MINUTE_MS)); /* it has an Event object */
	assert_false(combined_at(correlator, 11, 15 * MINUTE_MS));
}

static void twenty_five_at_once_and_then_one_in_five_minutes(void **state)
{
	CLEANUP(event_correlator_freep)
	struct event_correlator *correlator = event_correlator_new();
	for (int i = 0; i < 25; i++)
		assert_true(admit_at(correlator, "Warning", 1000));
	assert_false(admit_at(correlator, "Warning", 1000));
	assert_true(admit_at(correlator, "Normal", 1000));
	assert_false(admit_at(correlator, "Warning", 1000 + 4 * MINUTE_MS));
	assert_true(admit_at(correlator, "Warning", 1000 + 6 * MINUTE_MS));
	assert_false(admit_at(correlator, "Warning", 1000 + 6 * MINUTE_MS));
	/* An hour fills it again, and no more than that. */
	for (int i = 0; i < 12; i++)
		assert_true(admit_at(correlator, "Warning", 1000 + 66 * MINUTE_MS));
}

static void what_was_used_least_recently_is_forgotten(void **state)
{
	CLEANUP(event_correlator_freep)
	struct event_correlator *correlator = event_correlator_new();
	event_correlator_posted(correlator, "old")->name = must_strdup("event-old");
	event_correlator_posted(correlator, "used")->name = must_strdup("event-used");
	for (int i = 0; i < 4095; i++) {
		char key[16];
		snprintf(key, sizeof(key), "%d", i);
		event_correlator_posted(correlator, key)->count = 1;
		assert_string_equal(event_correlator_posted(correlator, "used")->name,
				    "event-used");
	}
	assert_null(event_correlator_posted(correlator, "old")->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_event_has_the_same_key),
		cmocka_unit_test(the_tenth_message_within_ten_minutes_is_combined),
		cmocka_unit_test(twenty_five_at_once_and_then_one_in_five_minutes),
		cmocka_unit_test(what_was_used_least_recently_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
