/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plugin on the real kernel says whether its pool has a disk of its own, and reserves more of
 * one that it shares.
 */

#include <signal.h>

#include "base/text.h"
#include "node_client.h"
#include "node_test.h"

#define DISK_BYTES (1ULL << 30)

static uint64_t capacity(void)
{
	const struct node_volume class = { .name = "", .backend = "loop", .fs_type = "ext4" };
	struct node_capacity held;
	struct error err = { 0 };
	if (node_client_capacity(scene.channel, &class, &held, &err) < 0)
		fail_msg("%s", err.text);
	return held.available_bytes;
}

static void a_pool_beside_the_kubelet_s_folder_is_said_loudly(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	scene.more_flags[0] = "--reserve-percent=auto";
	node_scene_start(&scene);
	assert_true(node_scene_logs(&scene, "level=warning", "pool shares its disk with the node"));
	assert_true(node_scene_logs(&scene, "pool shares its disk", "reserve_percent=20"));
	node_scene_done(&scene);
}

static void a_pool_on_its_own_disk_reserves_less_unless_it_is_told_to(void **state)
{
	if (!node_scene_init_on_disk(&scene, TEST_NODE_PROGRAM, "ext4", "", DISK_BYTES))
		skip();
	scene.more_flags[0] = "--reserve-percent=auto";
	node_scene_start(&scene);
	assert_true(node_scene_logs(&scene, "pool has a disk of its own", "reserve_percent=5"));
	assert_false(node_scene_logged(&scene, "pool shares its disk", ""));
	uint64_t with_five = capacity();
	scene.more_flags[0] = "--reserve-percent=20";
	node_scene_restart(&scene, SIGTERM);
	assert_true(node_scene_logs(&scene, "pool has a disk of its own", "reserve_percent=20"));
	assert_in_range(with_five - capacity(), DISK_BYTES / 100 * 13, DISK_BYTES / 100 * 16);
	node_scene_done(&scene);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_beside_the_kubelet_s_folder_is_said_loudly),
		cmocka_unit_test(a_pool_on_its_own_disk_reserves_less_unless_it_is_told_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
