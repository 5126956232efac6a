/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The power fails before and after every system call that changes something, and after every
 * answer. What was answered and what a pod fsynced is there when the node comes up, and nothing is
 * left of what was removed.
 */

#include "kill_options.h"

#include "test.h"

#define DEFAULT_EVERY 41

static void what_was_answered_survives_a_loss_of_power_at_any_change(void **state)
{
	struct points_result sum;
	kill_options_try_all(true, DEFAULT_EVERY, &sum);
	assert_true(sum.kills > 0);
	assert_int_equal(sum.failures, 0);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_answered_survives_a_loss_of_power_at_any_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
