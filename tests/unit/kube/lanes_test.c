/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/lanes.h"

#include <utlist.h>

#include "test.h"

static const unsigned limits[LANES] = { 2, 3 };

static bool enters(struct lanes *lanes, struct lane_place *place, const char *node,
		   const char *namespace)
{
	struct lane_place *called = NULL;
	bool entered =
		lanes_enter(lanes, place, (const char *const[LANES]) { node, namespace }, &called);
	assert_null(called);
	return entered;
}

static void enters_slowly(struct lanes *lanes, struct lane_place *place, const char *node,
			  const char *namespace)
{
	assert_true(enters(lanes, place, node, namespace));
	lanes_slow(place);
}

/* Takes the first of those that may come. */
static struct lane_place *next(struct lane_place **called)
{
	struct lane_place *place = *called;
	if (place)
		DL_DELETE(*called, place);
	return place;
}

static void quick_keys_have_no_limit(void **state)
{
	CLEANUP(lanes_freep) struct lanes *lanes = lanes_new(limits, 4);
	struct lane_place places[8] = { 0 }, *called = NULL;
	for (size_t i = 0; i < 8; i++)
		assert_true(enters(lanes, &places[i], "a", "x"));
	for (size_t i = 0; i < 8; i++)
		lanes_leave(lanes, &places[i], &called);
	assert_null(called);
}

static void a_lane_with_a_slow_key_has_its_limit_and_keeps_the_order(void **state)
{
	CLEANUP(lanes_freep) struct lanes *lanes = lanes_new(limits, 4);
	struct lane_place slow[2] = { 0 }, waiting[3] = { 0 }, other = { 0 }, *called = NULL;
	enters_slowly(lanes, &slow[0], "a", "");
	assert_true(enters(lanes, &slow[1], "a", ""));
	for (size_t i = 0; i < 3; i++)
		assert_false(enters(lanes, &waiting[i], "a", ""));
	assert_true(enters(lanes, &other, "b", ""));
	lanes_leave(lanes, &slow[1], &called);
	assert_ptr_equal(next(&called), &waiting[0]);
	assert_null(called);
	/* Its place is kept for it. */
	struct lane_place late = { 0 };
	assert_false(enters(lanes, &late, "a", ""));
	assert_true(enters(lanes, &waiting[0], "a", ""));
	/* Nothing is slow any more: all may come. */
	lanes_leave(lanes, &slow[0], &called);
	assert_ptr_equal(next(&called), &waiting[1]);
	assert_ptr_equal(next(&called), &waiting[2]);
	assert_ptr_equal(next(&called), &late);
	assert_null(called);
}

/* Otherwise its first lane would wait for one that is not there. */
static void one_that_is_held_back_by_its_other_lane_lets_the_next_one_come(void **state)
{
	CLEANUP(lanes_freep) struct lanes *lanes = lanes_new((unsigned[LANES]) { 1, 1 }, 4);
	struct lane_place a = { 0 }, x = { 0 }, both = { 0 }, next_a = { 0 }, *called = NULL;
	enters_slowly(lanes, &a, "a", "");
	enters_slowly(lanes, &x, "b", "x");
	assert_false(enters(lanes, &both, "a", "x"));
	assert_false(enters(lanes, &next_a, "a", ""));
	struct lane_place third = { 0 };
	assert_false(enters(lanes, &third, "a", ""));
	lanes_leave(lanes, &a, &called);
	assert_ptr_equal(next(&called), &both);
	/* With no slow key, the others were called too. */
	assert_ptr_equal(next(&called), &next_a);
	assert_ptr_equal(next(&called), &third);
	assert_false(lanes_enter(lanes, &both, (const char *const[LANES]) { "a", "x" }, &called));
	enters_slowly(lanes, &next_a, "a", "");
	assert_false(enters(lanes, &third, "a", ""));
	lanes_leave(lanes, &x, &called);
	assert_ptr_equal(next(&called), &both);
	/* Node a is full: `both` waits there now, behind the third. */
	assert_false(enters(lanes, &both, "a", "x"));
	lanes_leave(lanes, &next_a, &called);
	assert_ptr_equal(next(&called), &third);
	assert_ptr_equal(next(&called), &both);
	assert_null(called);
}

static void one_that_may_not_come_gives_its_place_to_the_next(void **state)
{
	CLEANUP(lanes_freep) struct lanes *lanes = lanes_new((unsigned[LANES]) { 2, 1 }, 4);
	struct lane_place a[2] = { 0 }, x = { 0 }, both = { 0 }, after = { 0 }, *called = NULL;
	enters_slowly(lanes, &a[0], "a", "");
	enters_slowly(lanes, &a[1], "a", "");
	enters_slowly(lanes, &x, "b", "x");
	assert_false(enters(lanes, &both, "a", "x"));
	assert_false(enters(lanes, &after, "a", ""));
	lanes_leave(lanes, &a[0], &called);
	assert_ptr_equal(next(&called), &both);
	assert_null(called);
	assert_false(lanes_enter(lanes, &both, (const char *const[LANES]) { "a", "x" }, &called));
	assert_ptr_equal(next(&called), &after);
	assert_null(called);
}

static void one_that_is_called_by_the_owner_waits_again_behind_the_others(void **state)
{
	CLEANUP(lanes_freep) struct lanes *lanes = lanes_new((unsigned[LANES]) { 1, 1 }, 4);
	struct lane_place slow = { 0 }, first = { 0 }, second = { 0 }, *called = NULL;
	enters_slowly(lanes, &slow, "a", "");
	assert_false(enters(lanes, &first, "a", ""));
	assert_false(enters(lanes, &second, "a", ""));
	lanes_call(&first);
	assert_null(first.waits);
	assert_false(enters(lanes, &first, "a", ""));
	lanes_leave(lanes, &slow, &called);
	assert_ptr_equal(next(&called), &second);
	assert_ptr_equal(next(&called), &first);
}

/* It was with its worker for long before its lanes were known. */
static void one_that_is_slow_when_it_enters_counts(void **state)
{
	CLEANUP(lanes_freep) struct lanes *lanes = lanes_new((unsigned[LANES]) { 1, 1 }, 4);
	struct lane_place slow = { 0 }, other = { 0 }, *called = NULL;
	lanes_slow(&slow);
	assert_true(enters(lanes, &slow, "a", "x"));
	assert_false(enters(lanes, &other, "b", "x"));
	lanes_leave(lanes, &slow, &called);
	assert_ptr_equal(next(&called), &other);
	assert_true(enters(lanes, &other, "b", "x"));
	lanes_leave(lanes, &other, &called);
	assert_null(called);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quick_keys_have_no_limit),
		cmocka_unit_test(a_lane_with_a_slow_key_has_its_limit_and_keeps_the_order),
		cmocka_unit_test(one_that_is_held_back_by_its_other_lane_lets_the_next_one_come),
		cmocka_unit_test(one_that_may_not_come_gives_its_place_to_the_next),
		cmocka_unit_test(one_that_is_called_by_the_owner_waits_again_behind_the_others),
		cmocka_unit_test(one_that_is_slow_when_it_enters_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
