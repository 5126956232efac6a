/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plugin on the real kernel says whether its pool has a disk of its own; of one that it shares
 * it reserves more, and there it sets the blocks of an image aside.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/image_blocks.h"
#include "node_client.h"
#include "node_test.h"

#define DISK_BYTES (1ULL << 30)
#define IMAGE_BYTES (256ULL << 20)

static uint64_t capacity(void)
{
	const struct node_volume class = { .name = "", .backend = "loop", .fs_type = "ext4" };
	struct node_capacity held;
	struct error err = { 0 };
	if (node_client_capacity(scene.channel, &class, &held, &err) < 0)
		fail_msg("%s", err.text);
	return held.available_bytes;
}

static uint64_t blocks_of_new_image(void)
{
	const struct node_volume volume = {
		.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = IMAGE_BYTES
	};
	struct error err = { 0 };
	struct stat image;
	char path[200];
	if (node_client_create(scene.channel, &volume, &err) < 0)
		fail_msg("%s", err.text);
	snprintf(path, sizeof(path), "%s/volumes/pvc-1/image", scene.pool);
	assert_int_equal(stat(path, &image), 0);
	if (node_client_delete(scene.channel, "pvc-1", &err) < 0)
		fail_msg("%s", err.text);
	return (uint64_t)image.st_blocks * 512;
}

static bool blocks_stay(void)
{
	CLEANUP_CLOSE int fd = open(scene.pool, O_RDONLY | O_CLOEXEC);
	return image_blocks_stay(fd);
}

static void
a_pool_beside_the_kubelet_s_folder_is_said_loudly_and_its_images_are_reserved(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	scene.more_flags[0] = "--reserve-percent=auto";
	scene.more_flags[1] = "--provisioning=auto";
	node_scene_start(&scene);
	assert_true(node_scene_logs(&scene, "level=warning", "pool shares its disk with the node"));
	assert_true(node_scene_logs(&scene, "pool shares its disk", "reserve_percent=20"));
	if (blocks_stay())
		assert_true(blocks_of_new_image() >= IMAGE_BYTES);
	else
		assert_true(blocks_of_new_image() < IMAGE_BYTES / 2);
	node_scene_done(&scene);
}

static void a_pool_on_its_own_disk_reserves_less_unless_a_flag_says_otherwise(void **state)
{
	if (!node_scene_init_on_disk(&scene, TEST_NODE_PROGRAM, "ext4", "", DISK_BYTES))
		skip();
	scene.more_flags[0] = "--reserve-percent=auto";
	scene.more_flags[1] = "--provisioning=auto";
	node_scene_start(&scene);
	assert_true(node_scene_logs(&scene, "pool has a disk of its own", "reserve_percent=5"));
	assert_false(node_scene_logged(&scene, "pool shares its disk", ""));
	assert_true(blocks_of_new_image() < IMAGE_BYTES / 2);
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
		cmocka_unit_test(
			a_pool_beside_the_kubelet_s_folder_is_said_loudly_and_its_images_are_reserved),
		cmocka_unit_test(a_pool_on_its_own_disk_reserves_less_unless_a_flag_says_otherwise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
