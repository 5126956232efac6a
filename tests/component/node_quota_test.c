/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Directory volumes in a pool on btrfs, through the plugin's socket: their size holds.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fill.h"
#include "loop_disk.h"
#include "node_client.h"
#include "node_test.h"
#include "test.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static struct loop_disk disk;

static const struct node_volume held = {
	.name = "pvc-1", .backend = "directory", .fs_type = "", .size_bytes = GIB, .enforce = true
};
static const struct node_volume free_one = {
	.name = "pvc-2", .backend = "directory", .fs_type = "", .size_bytes = 64 * MIB
};

static int set_up(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	snprintf(scene.pool, sizeof(scene.pool), "%s/pool", disk.path);
	node_scene_start(&scene);
	return 0;
}

static uint64_t fill(const char *folder, const char *name, uint64_t max_bytes, int *ret_errno)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return fill_file(AT_FDCWD, path, max_bytes, ret_errno);
}

static void a_volume_of_one_gibibyte_holds_one_gibibyte(void **state)
{
	struct error err = { 0 };
	int reason = 0;
	uint64_t bytes = 0, inodes = 0;
	if (node_client_create(scene.channel, &held, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(node_client_create(scene.channel, &held, &err), 0);
	assert_int_equal(node_client_stage(scene.channel, &held, scene.staging, &err), 0);
	assert_int_equal(
		node_client_publish(scene.channel, &held, scene.staging, scene.target, false, &err),
		0);
	assert_int_equal(
		node_client_stats(scene.channel, "pvc-1", scene.target, &bytes, &inodes, &err), 0);
	assert_int_equal(bytes, GIB);
	uint64_t written = fill(scene.target, "file", 2 * GIB, &reason);
	print_message("%llu of %llu bytes could be written\n", (unsigned long long)written, GIB);
	assert_true(reason == EDQUOT || reason == ENOSPC);
	assert_in_range(written, GIB * 98 / 100, GIB);
	/* After a restart, too. */
	node_scene_restart(&scene, SIGKILL);
	fill(scene.target, "another", 4 * MIB, &reason);
	assert_true(reason == EDQUOT || reason == ENOSPC);
	assert_int_equal(
		node_client_stats(scene.channel, "pvc-1", scene.target, &bytes, &inodes, &err), 0);
	assert_int_equal(bytes, GIB);
}

static void what_is_full_can_be_emptied_unpublished_and_deleted(void **state)
{
	struct error err = { 0 };
	char path[512];
	snprintf(path, sizeof(path), "%s/file", scene.target);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(node_client_delete(scene.channel, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err), 0);
	assert_int_equal(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), 0);
	assert_int_equal(node_client_delete(scene.channel, "pvc-1", &err), 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
	node_scene_expect_empty_trash(&scene);
}

/* BTRFS_IOC_SUBVOL_CREATE, as anybody may call it in a folder of his own. */
static void make_subvolume(const char *folder, const char *name)
{
	struct {
		int64_t fd;
		char name[4088];
	} args = { 0 };
	snprintf(args.name, sizeof(args.name), "%s", name);
	CLEANUP_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, _IOW(0x94, 14, args), &args), 0);
}

static void a_volume_with_subvolumes_of_the_pod_in_it_is_deleted_whole(void **state)
{
	struct error err = { 0 };
	int reason = 0;
	char inner[512];
	assert_int_equal(node_client_create(scene.channel, &held, &err), 0);
	assert_int_equal(node_client_stage(scene.channel, &held, scene.staging, &err), 0);
	make_subvolume(scene.staging, "inner");
	snprintf(inner, sizeof(inner), "%s/inner", scene.staging);
	make_subvolume(inner, "innermost");
	fill(inner, "file", MIB, &reason);
	assert_int_equal(reason, 0);
	assert_int_equal(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), 0);
	assert_int_equal(node_client_delete(scene.channel, "pvc-1", &err), 0);
	node_scene_expect_empty_trash(&scene);
}

static void what_a_killed_plugin_left_is_removed_at_the_next_start(void **state)
{
	struct error err = { 0 };
	char from[256], to[256];
	assert_int_equal(node_client_create(scene.channel, &held, &err), 0);
	assert_int_equal(node_client_create(scene.channel, &free_one, &err), 0);
	node_scene_kill(&scene, SIGKILL);
	node_scene_wait(&scene);
	snprintf(from, sizeof(from), "%s/volumes/pvc-1", scene.pool);
	snprintf(to, sizeof(to), "%s/trash/pvc-1.7", scene.pool);
	assert_int_equal(rename(from, to), 0);
	snprintf(from, sizeof(from), "%s/volumes/pvc-2", scene.pool);
	snprintf(to, sizeof(to), "%s/tmp/pvc-2.8", scene.pool);
	assert_int_equal(rename(from, to), 0);
	node_scene_start(&scene);
	node_scene_expect_empty_trash(&scene);
	assert_int_equal(node_scene_entries(&scene, "tmp"), 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
}

static void what_is_not_held_has_the_size_of_the_pool(void **state)
{
	struct error err = { 0 };
	int reason = 0;
	uint64_t bytes = 0, inodes = 0;
	assert_int_equal(node_client_create(scene.channel, &free_one, &err), 0);
	assert_int_equal(node_client_stage(scene.channel, &free_one, scene.staging, &err), 0);
	assert_int_equal(
		node_client_stats(scene.channel, "pvc-2", scene.staging, &bytes, &inodes, &err), 0);
	assert_true(bytes > GIB);
	assert_int_equal(fill(scene.staging, "file", 80 * MIB, &reason), 80 * MIB);
	assert_int_equal(node_client_unstage(scene.channel, "pvc-2", scene.staging, &err), 0);
	assert_int_equal(node_client_delete(scene.channel, "pvc-2", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_of_one_gibibyte_holds_one_gibibyte),
		cmocka_unit_test(what_is_full_can_be_emptied_unpublished_and_deleted),
		cmocka_unit_test(a_volume_with_subvolumes_of_the_pod_in_it_is_deleted_whole),
		cmocka_unit_test(what_a_killed_plugin_left_is_removed_at_the_next_start),
		cmocka_unit_test(what_is_not_held_has_the_size_of_the_pool),
	};
	if (!node_scene_can_mount() || !loop_disk_make(&disk, "btrfs", "", 3 * GIB, NULL))
		return 77;
	int outcome = cmocka_run_group_tests(tests, set_up, node_test_tear_down);
	loop_disk_remove(&disk);
	return outcome;
}
