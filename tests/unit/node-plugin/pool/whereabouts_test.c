/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/whereabouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct whereabouts whereabouts;

static int set_up(void **state)
{
	whereabouts_clear(&whereabouts);
	return 0;
}

static void what_was_noted_is_found_until_all_is_cleared(void **state)
{
	size_t pool = 99;
	assert_false(whereabouts_find(&whereabouts, "pvc-1", &pool));
	whereabouts_note(&whereabouts, "pvc-1", 0);
	assert_true(whereabouts_find(&whereabouts, "pvc-1", &pool));
	assert_int_equal(pool, 0);
	whereabouts_note(&whereabouts, "pvc-1", 31);
	assert_true(whereabouts_find(&whereabouts, "pvc-1", &pool));
	assert_int_equal(pool, 31);
	assert_false(whereabouts_find(&whereabouts, "pvc-2", &pool));
	whereabouts_note(&whereabouts, "pvc-3", 7);
	whereabouts_forget(&whereabouts, "pvc-3");
	assert_false(whereabouts_find(&whereabouts, "pvc-3", &pool));
	whereabouts_clear(&whereabouts);
	assert_false(whereabouts_find(&whereabouts, "pvc-1", &pool));
}

/* More of them than there are places: some are forgotten, none is taken for another. */
static void ids_that_share_a_place_are_told_apart(void **state)
{
	unsigned found = 0;
	for (unsigned i = 0; i < 4000; i++) {
		char id[32];
		snprintf(id, sizeof(id), "pvc-%u", i);
		whereabouts_note(&whereabouts, id, i % 32);
	}
	for (unsigned i = 0; i < 4000; i++) {
		char id[32];
		size_t pool = 99;
		snprintf(id, sizeof(id), "pvc-%u", i);
		if (!whereabouts_find(&whereabouts, id, &pool))
			continue;
		found++;
		assert_int_equal(pool, i % 32);
	}
	assert_in_range(found, WHEREABOUTS_COUNT / 2, WHEREABOUTS_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_noted_is_found_until_all_is_cleared, set_up),
		cmocka_unit_test_setup(ids_that_share_a_place_are_told_apart, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
