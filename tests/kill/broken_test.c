/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The harness itself: a plugin whose order of steps is wrong is found out.
 */

#include <stdio.h>
#include <stdlib.h>

#include "points.h"
#include "test.h"

static const struct scenario *directory_scenario(void)
{
	for (size_t i = 0; i < scenario_count; i++)
		if (scenarios[i].volume.fs_type[0] == '\0')
			return &scenarios[i];
	return NULL;
}

static unsigned failures_when(const char *broken, bool power, unsigned every)
{
	struct points_options options = {
		.power = power, .every = every, .preload = TEST_BROKEN_ORDER, .stop_after = 1
	};
	struct points_result result = { 0 };
	setenv("KENTLEDGE_BROKEN", broken, 1);
	printf("broken on purpose, a failure is due: %s\n", broken);
	points_try(directory_scenario(), &options, &result);
	unsetenv("KENTLEDGE_BROKEN");
	return result.failures;
}

static void a_volume_that_appears_piece_by_piece_is_found_out(void **state)
{
	assert_int_equal(failures_when("torn create", false, 1), 1);
}

static void a_record_removed_before_its_volume_is_found_out(void **state)
{
	assert_int_equal(failures_when("record first", false, 3), 1);
}

static void an_answer_before_anything_is_on_the_disk_is_found_out(void **state)
{
	assert_int_equal(failures_when("no sync", true, 1), 1);
}

static void a_rename_whose_folder_is_not_synced_is_found_out(void **state)
{
	assert_int_equal(failures_when("no folder sync", true, 1), 1);
}

static void a_plugin_that_is_not_broken_passes_with_the_same_library(void **state)
{
	assert_int_equal(failures_when("nothing", false, 7), 0);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_that_appears_piece_by_piece_is_found_out),
		cmocka_unit_test(a_record_removed_before_its_volume_is_found_out),
		cmocka_unit_test(an_answer_before_anything_is_on_the_disk_is_found_out),
		cmocka_unit_test(a_rename_whose_folder_is_not_synced_is_found_out),
		cmocka_unit_test(a_plugin_that_is_not_broken_passes_with_the_same_library),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
