/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/rooms.h"

#include <unistd.h>

#include "apply/room_parts.h"
#include "base/clock.h"
#include "test.h"

#define NODE "n1"

/* The node has so much for class "c", asked at that time. */
static void note(struct rooms *rooms, uint64_t bytes, uint64_t asked_ms)
{
	const struct room_answer answer = {
		.class_name = "c", .room = { .has_capacity = true, .capacity_bytes = bytes }
	};
	rooms_note(rooms, NODE, &(struct room_answers) { &answer, 1, asked_ms });
}

static enum room_verdict give(struct rooms *rooms, const char *uid, uint64_t bytes)
{
	const struct room_wish wish = { uid, "c", bytes };
	return rooms_give(rooms, NODE, &(struct room_wishes) { &wish, 1 });
}

static void begin(struct rooms *rooms, const char *uid, uint64_t bytes)
{
	rooms_begin(rooms, NODE, &(struct room_wish) { uid, "c", bytes });
}

static uint64_t left(struct rooms *rooms)
{
	uint64_t bytes = UINT64_MAX;
	assert_true(rooms_left(rooms, NODE, "c", &bytes));
	return bytes;
}

static void judges_nothing_that_it_does_not_know(void **state)
{
	CLEANUP(rooms_freep) struct rooms *rooms = rooms_new();
	uint64_t bytes;
	assert_false(rooms_left(rooms, NODE, "c", &bytes));
	assert_int_equal(give(rooms, "a", UINT64_MAX), ROOM_FITS);
	note(rooms, 100, clock_monotonic_ms());
	rooms_note(rooms, NODE, &(struct room_answers) { 0 });
	assert_false(rooms_left(rooms, NODE, "c", &bytes));
	assert_int_equal(rooms_asked_ms(rooms, NODE), 0);
}

static void gives_no_more_than_there_is(void **state)
{
	CLEANUP(rooms_freep) struct rooms *rooms = rooms_new();
	note(rooms, 100, clock_monotonic_ms());
	assert_int_equal(give(rooms, "a", 60), ROOM_FITS);
	assert_int_equal(give(rooms, "a", 60), ROOM_FITS); /* the same claim */
	assert_int_equal(left(rooms), 40);
	assert_int_equal(give(rooms, "b", 41), ROOM_SHORT);
	assert_int_equal(give(rooms, "b", 40), ROOM_FITS);
	assert_int_equal(left(rooms), 0);
	rooms_end(rooms, NODE, "a", false);
	assert_int_equal(left(rooms), 60);
}

static void gives_to_all_or_to_none(void **state)
{
	CLEANUP(rooms_freep) struct rooms *rooms = rooms_new();
	const struct room_wish wishes[] = { { "a", "c", 60 }, { "b", "c", 60 } };
	uint64_t since_ms;
	note(rooms, 100, clock_monotonic_ms());
	assert_int_equal(rooms_give(rooms, NODE, &(struct room_wishes) { wishes, 2 }), ROOM_SHORT);
	assert_int_equal(left(rooms), 100);
	rooms_refuse(rooms, NODE, &(struct room_wishes) { wishes, 2 });
	assert_int_equal(rooms_standing(rooms, NODE, &wishes[1], &since_ms), ROOM_REFUSED);
	rooms_end(rooms, NODE, "b", false);
	assert_int_equal(rooms_standing(rooms, NODE, &wishes[1], &since_ms), ROOM_SEEN);
	assert_int_equal(give(rooms, "a", 60), ROOM_FITS);
	assert_int_equal(rooms_standing(rooms, NODE, &wishes[0], &since_ms), ROOM_GIVEN);
}

static void an_answer_counts_what_had_ended_before(void **state)
{
	CLEANUP(rooms_freep) struct rooms *rooms = rooms_new();
	note(rooms, 100, clock_monotonic_ms());
	begin(rooms, "a", 60);
	rooms_end(rooms, NODE, "a", true);
	assert_int_equal(left(rooms), 40);
	usleep(3000);
	note(rooms, 40, clock_monotonic_ms());
	assert_int_equal(left(rooms), 40);
}

static void what_is_under_way_is_doubtful_after_an_answer(void **state)
{
	CLEANUP(rooms_freep) struct rooms *rooms = rooms_new();
	note(rooms, 100, clock_monotonic_ms());
	begin(rooms, "a", 60);
	assert_int_equal(give(rooms, "b", 60), ROOM_SHORT);
	uint64_t asked_ms = clock_monotonic_ms();
	note(rooms, 70, asked_ms); /* the node counts a, or a program outside Kubernetes took 30 */
	assert_int_equal(give(rooms, "b", 60), ROOM_UNCLEAR);
	assert_int_equal(give(rooms, "b", 71), ROOM_SHORT);
	usleep(3000);
	rooms_end(rooms, NODE, "a", true);
	assert_int_equal(give(rooms, "b", 60), ROOM_UNCLEAR);
	usleep(3000);
	note(rooms, 70, clock_monotonic_ms());
	assert_int_equal(give(rooms, "b", 60), ROOM_FITS);
}

static void one_volume_has_no_more_than_the_largest(void **state)
{
	CLEANUP(rooms_freep) struct rooms *rooms = rooms_new();
	const struct room_answer answer = { "c",
					    { .has_capacity = true,
					      .capacity_bytes = 100,
					      .has_maximum = true,
					      .maximum_bytes = 50 } };
	rooms_note(rooms, NODE, &(struct room_answers) { &answer, 1, clock_monotonic_ms() });
	assert_int_equal(left(rooms), 50);
	assert_int_equal(give(rooms, "a", 51), ROOM_SHORT);
	assert_int_equal(give(rooms, "a", 50), ROOM_FITS);
	assert_int_equal(give(rooms, "b", 50), ROOM_FITS);
	assert_int_equal(give(rooms, "c", 1), ROOM_SHORT);
}

static void classes_with_equal_answers_share_their_room(void **state)
{
	CLEANUP(rooms_freep) struct rooms *rooms = rooms_new();
	const struct room_answer answers[] = {
		{ "c", { .has_capacity = true, .capacity_bytes = 100 } },
		{ "same", { .has_capacity = true, .capacity_bytes = 100 } },
		{ "other", { .has_capacity = true, .capacity_bytes = 90 } },
	};
	const struct room_wish wishes[] = { { "a", "c", 60 },
					    { "b", "other", 90 },
					    { "d", "same", 41 } };
	rooms_note(rooms, NODE, &(struct room_answers) { answers, 3, clock_monotonic_ms() });
	assert_int_equal(rooms_give(rooms, NODE, &(struct room_wishes) { wishes, 2 }), ROOM_FITS);
	assert_int_equal(rooms_fit(rooms, NODE, &(struct room_wishes) { wishes + 2, 1 }),
			 ROOM_SHORT);
}

static void a_class_is_published_with_less_for_a_while(void **state)
{
	CLEANUP(rooms_freep) struct rooms *rooms = rooms_new();
	const struct room_answer answers[] = {
		{ "c", { .has_capacity = true, .capacity_bytes = 3230 } },
		{ "same", { .has_capacity = true, .capacity_bytes = 3230 } },
		{ "other", { .has_capacity = true, .capacity_bytes = 9000 } },
	};
	const struct room_wish wishes[] = { { "a", "c", 3200 },
					    { "b", "c", 64 },
					    { "d", "other", 8000 } };
	uint64_t end_ms = clock_monotonic_ms() + 50;
	rooms_note(rooms, NODE, &(struct room_answers) { answers, 3, clock_monotonic_ms() });
	assert_int_equal(rooms_ceiling(rooms, NODE, "c"), UINT64_MAX);
	assert_int_equal(rooms_lowered_until_ms(rooms, NODE), 0);
	rooms_lower(rooms, NODE, &(struct room_wishes) { wishes, 3 }, end_ms);
	assert_int_equal(rooms_ceiling(rooms, NODE, "c"), 3100);
	assert_int_equal(rooms_ceiling(rooms, NODE, "same"), 3100);
	assert_int_equal(rooms_ceiling(rooms, NODE, "other"), UINT64_MAX);
	assert_int_equal(rooms_lowered_until_ms(rooms, NODE), end_ms);
	usleep(60000);
	assert_int_equal(rooms_ceiling(rooms, NODE, "c"), UINT64_MAX);
	assert_int_equal(rooms_lowered_until_ms(rooms, NODE), 0);
}

/* The first claim asks; the second never comes. */
static void what_is_lent_to_a_sibling_lapses(void **state)
{
	CLEANUP(rooms_freep) struct rooms *rooms = rooms_new();
	const struct room_wish wishes[] = { { "a", "c", 40 }, { "b", "c", 60 } };
	const struct room_wishes both = { wishes, 2 };
	uint64_t since_ms;
	note(rooms, 100, clock_monotonic_ms());
	assert_int_equal(rooms_give(rooms, NODE, &both), ROOM_FITS);
	assert_true(rooms_may_lend(rooms, NODE, "b"));
	assert_int_equal(left(rooms), 0);
	usleep((PARTS_LENT_MS + 100) * 1000);
	assert_int_equal(left(rooms), 60); /* without that of the one that asked */
	assert_false(rooms_may_lend(rooms, NODE, "b"));
	assert_int_equal(rooms_give(rooms, NODE, &both), ROOM_FITS);
	assert_int_equal(left(rooms), 60);
	assert_int_equal(rooms_standing(rooms, NODE, &wishes[1], &since_ms), ROOM_SEEN);
	assert_true(rooms_may_lend(rooms, NODE, "b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_nothing_that_it_does_not_know),
		cmocka_unit_test(gives_no_more_than_there_is),
		cmocka_unit_test(gives_to_all_or_to_none),
		cmocka_unit_test(an_answer_counts_what_had_ended_before),
		cmocka_unit_test(what_is_under_way_is_doubtful_after_an_answer),
		cmocka_unit_test(one_volume_has_no_more_than_the_largest),
		cmocka_unit_test(classes_with_equal_answers_share_their_room),
		cmocka_unit_test(a_class_is_published_with_less_for_a_while),
		cmocka_unit_test(what_is_lent_to_a_sibling_lapses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
