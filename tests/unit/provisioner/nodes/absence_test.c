/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/absence.h"

#include "test.h"

static struct absence_sight look(struct absences *absences, const char *node_id, int64_t wall_s,
				 uint64_t boot_ms)
{
	struct absence_sight sight;
	absence_begin(absences, node_id,
		      &(struct node_life_time) { .wall_s = wall_s, .boot_ms = boot_ms }, &sight);
	return sight;
}

static void counts_from_the_first_look(void **state)
{
	CLEANUP(absences_freep) struct absences *absences = absences_new();
	assert_int_equal(look(absences, "a", 1000, 5000).seen_s, 0);
	assert_int_equal(look(absences, "a", 1300, 305999).seen_s, 300);
	assert_int_equal(look(absences, "a", 1300, 305999).there_s, 0);
	assert_int_equal(look(absences, "b", 1300, 305999).seen_s, 0);
}

static void a_node_that_was_there_is_missed_from_then_on(void **state)
{
	CLEANUP(absences_freep) struct absences *absences = absences_new();
	look(absences, "a", 1000, 5000);
	absence_end(absences, "a", &(struct node_life_time) { 1200, 205000 });
	struct absence_sight sight = look(absences, "a", 1300, 305000);
	assert_int_equal(sight.seen_s, 0);
	assert_int_equal(sight.there_s, 1200);
	assert_int_equal(look(absences, "a", 1301, 306000).seen_s, 1);
}

/* Else a note that is written now would count as older than that, and be written without end. */
static void a_clock_that_was_set_back_outdates_no_new_note(void **state)
{
	CLEANUP(absences_freep) struct absences *absences = absences_new();
	absence_end(absences, "a", &(struct node_life_time) { 9000, 5000 });
	assert_int_equal(look(absences, "a", 1000, 6000).there_s, 1000);
	assert_int_equal(look(absences, "a", 1500, 506000).there_s, 1000);
}

static void keeps_no_entry_of_a_node_without_volumes(void **state)
{
	CLEANUP(absences_freep) struct absences *absences = absences_new();
	look(absences, "a", 1000, 5000);
	look(absences, "b", 1000, 5000);
	absence_forget(absences, "a");
	absence_forget(absences, "c");
	assert_int_equal(absence_count(absences), 1);
	assert_int_equal(look(absences, "a", 2000, 1005000).seen_s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_from_the_first_look),
		cmocka_unit_test(a_node_that_was_there_is_missed_from_then_on),
		cmocka_unit_test(a_clock_that_was_set_back_outdates_no_new_note),
		cmocka_unit_test(keeps_no_entry_of_a_node_without_volumes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
