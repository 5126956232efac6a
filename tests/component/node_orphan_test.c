/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a crash or a hand leaves around the pool, as the real program finds it when it starts.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/loop_device.h"
#include "node_client.h"
#include "node_test.h"
#include "test.h"

static int attach(const char *image, struct loop_device *device)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 16 << 20) < 0 || loop_device_attach(fd, true, device, &err) < 0)
		fail_msg("%s: %s", image, err.text);
	return 0;
}

static void a_loop_device_of_a_deleted_image_is_let_go(void **state)
{
	struct loop_device device = { .fd = -1 };
	char image[192];
	snprintf(image, sizeof(image), "%s/trash/image", scene.pool);
	node_scene_start(&scene);
	node_scene_kill(&scene, SIGTERM);
	node_scene_wait(&scene);
	attach(image, &device);
	assert_int_equal(unlink(image), 0);
	assert_int_equal(node_scene_loops(&scene), 1);
	node_scene_start(&scene);
	assert_true(node_scene_logs(&scene, "loop device of a deleted image detached", image));
	loop_device_done(&device);
	assert_int_equal(node_scene_loops(&scene), 0);
}

static void a_mount_outside_of_the_kubelet_s_folder_is_reported_and_left_alone(void **state)
{
	char outside[] = "/tmp/kentledge-outside-XXXXXX";
	struct node_volume volume = {
		.name = "pvc-out", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 << 20
	};
	struct error err = { 0 };
	assert_non_null(mkdtemp(outside));
	if (node_client_create(scene.channel, &volume, &err) < 0 ||
	    node_client_stage(scene.channel, &volume, outside, &err) < 0)
		fail_msg("%s", err.text);
	node_scene_restart(&scene, SIGTERM);
	assert_true(node_scene_logs(&scene, "orphan found", outside));
	assert_true(node_scene_logs(&scene, "kind=mount_outside", outside));
	if (node_client_unstage(scene.channel, volume.name, outside, &err) < 0 ||
	    node_client_delete(scene.channel, volume.name, &err) < 0)
		fail_msg("%s", err.text);
	rmdir(outside);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_device_of_a_deleted_image_is_let_go),
		cmocka_unit_test(
			a_mount_outside_of_the_kubelet_s_folder_is_reported_and_left_alone),
	};
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	node_scene_done(&scene);
	return failed;
}
