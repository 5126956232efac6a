/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plugin is killed before and after every system call that changes something, in every call
 * that changes something, and started again; whatever the kubelet or the provisioner does next, it
 * comes right.
 */

#include "kill_options.h"

#include "test.h"

#define DEFAULT_EVERY 19

static void whatever_happens_next_comes_right_after_a_kill_at_any_change(void **state)
{
	struct points_result sum;
	kill_options_try_all(false, DEFAULT_EVERY, &sum);
	assert_true(sum.kills > 0);
	assert_int_equal(sum.failures, 0);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_happens_next_comes_right_after_a_kill_at_any_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
