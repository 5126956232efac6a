/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Volumes that grow on the real kernel, through the plugin's socket: while somebody writes, when
 * they are staged the next time, and after the plugin was killed on the way.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "disk/filesystem_grow.h"
#include "node_client.h"
#include "node_test.h"
#include "pod_writer.h"
#include "test.h"

#define MIB (1ULL << 20)
#define ID "pvc-1"

static void up(const struct node_volume *volume)
{
	struct error err = { 0 };
	assert_done(node_scene_bring_up(&scene, volume, &err), &err);
}

static void down(void)
{
	struct error err = { 0 };
	assert_done(node_scene_take_down(&scene, ID, &err), &err);
	assert_int_equal(node_scene_loops(&scene), 0);
	node_scene_expect_empty_trash(&scene);
}

static uint64_t mounted_bytes(const char *path)
{
	struct statvfs vfs;
	assert_int_equal(statvfs(path, &vfs), 0);
	return vfs.f_blocks * vfs.f_frsize;
}

static void expand(uint64_t bytes)
{
	struct error err = { 0 };
	uint64_t now = 0;
	bool node_too = false;
	assert_done(node_client_expand(scene.channel, ID, bytes, 0, &now, &node_too, &err), &err);
	assert_int_equal(now, bytes);
	assert_true(node_too);
}

static int expand_mounted(const char *path, uint64_t bytes, struct error *err)
{
	uint64_t now = 0;
	int outcome = node_client_expand_mounted(scene.channel, ID, path, bytes, &now, err);
	if (outcome == 0)
		assert_int_equal(now, bytes);
	return outcome;
}

static void grows_under_a_writer(const char *fs_type)
{
	struct error err = { 0 };
	const struct node_volume volume = {
		.name = ID, .backend = "loop", .fs_type = fs_type, .size_bytes = 320 * MIB
	};
	up(&volume);
	uint64_t before = mounted_bytes(scene.target);
	pid_t writer = pod_writer_start(node_scene_path(&scene, "target/written"));
	expand(640 * MIB);
	assert_done(expand_mounted(scene.target, 640 * MIB, &err), &err);
	assert_true(mounted_bytes(scene.target) >= before + 319 * MIB);
	/* And again, by the other path. */
	expand(640 * MIB);
	assert_done(expand_mounted(scene.staging, 640 * MIB, &err), &err);
	pod_writer_stop(writer);
	down();
}

static void xfs_grows_under_a_writer(void **state)
{
	grows_under_a_writer("xfs");
}

static void btrfs_grows_under_a_writer(void **state)
{
	grows_under_a_writer("btrfs");
}

static void ext4_grows_under_a_writer_where_we_may_or_else_at_the_next_staging(void **state)
{
	struct error err = { 0 };
	const struct node_volume volume = {
		.name = ID, .backend = "loop", .fs_type = "ext4", .size_bytes = 320 * MIB
	};
	if (filesystem_grows_mounted("ext4")) {
		grows_under_a_writer("ext4");
		return;
	}
	printf("SKIPPED: ext4 under a writer: this process lacks CAP_SYS_RESOURCE\n");
	up(&volume);
	expand(640 * MIB);
	assert_refused(expand_mounted(scene.target, 640 * MIB, &err), ERROR_IN_USE, &err,
		       "staged the next time");
	assert_done(node_client_unpublish(scene.channel, ID, scene.target, &err), &err);
	assert_done(node_client_unstage(scene.channel, ID, scene.staging, &err), &err);
	assert_done(node_client_stage(scene.channel, &volume, scene.staging, &err), &err);
	assert_done(node_client_publish(scene.channel, &volume, scene.staging, scene.target, false,
					&err),
		    &err);
	assert_true(mounted_bytes(scene.target) > 500 * MIB);
	assert_done(expand_mounted(scene.target, 640 * MIB, &err), &err);
	down();
}

static void a_file_system_grows_though_the_pod_may_only_read(void **state)
{
	struct error err = { 0 };
	const struct node_volume volume = {
		.name = ID, .backend = "loop", .fs_type = "xfs", .size_bytes = 320 * MIB
	};
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	assert_done(node_client_stage(scene.channel, &volume, scene.staging, &err), &err);
	assert_done(node_client_publish(scene.channel, &volume, scene.staging, scene.target, true,
					&err),
		    &err);
	expand(640 * MIB);
	assert_done(expand_mounted(scene.target, 640 * MIB, &err), &err);
	assert_true(mounted_bytes(scene.target) > 500 * MIB);
	down();
}

static void a_growth_whose_caller_lost_us_is_finished_by_its_repetition(void **state)
{
	struct error err = { 0 };
	const struct node_volume volume = {
		.name = ID, .backend = "loop", .fs_type = "xfs", .size_bytes = 320 * MIB
	};
	up(&volume);
	expand(640 * MIB);
	node_scene_kill(&scene, SIGKILL);
	assert_int_equal(node_scene_wait(&scene), -SIGKILL);
	node_scene_start(&scene);
	expand(640 * MIB);
	assert_done(expand_mounted(scene.target, 640 * MIB, &err), &err);
	assert_true(mounted_bytes(scene.target) > 500 * MIB);
	down();
}

static void a_thick_volume_keeps_its_blocks_and_gives_them_back_in_the_end(void **state)
{
	struct error err = { 0 };
	struct stat image;
	char path[300];
	const struct node_volume volume = { .name = ID,
					    .backend = "loop",
					    .fs_type = "btrfs",
					    .size_bytes = 256 * MIB,
					    .provisioning = "thick" };
	up(&volume);
	snprintf(path, sizeof(path), "%s/volumes/" ID "/image", scene.pool);
	assert_int_equal(stat(path, &image), 0);
	assert_true((uint64_t)image.st_blocks * 512 >= 256 * MIB);
	expand(320 * MIB);
	assert_done(expand_mounted(scene.target, 320 * MIB, &err), &err);
	assert_int_equal(stat(path, &image), 0);
	assert_true((uint64_t)image.st_blocks * 512 >= 320 * MIB);
	down();
	assert_int_equal(access(path, F_OK), -1);
}

static void what_cannot_grow_is_refused_with_the_code_of_the_specification(void **state)
{
	uint64_t now = 0;
	bool node_too = false;
	const struct node_volume volume = {
		.name = ID, .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
	};
	static const struct {
		const char *id;
		uint64_t required, limit;
		enum error_code code;
	} cases[] = {
		{ "", MIB, 0, ERROR_INVALID },
		{ ID, 0, 0, ERROR_INVALID },
		{ "pvc-2", 128 * MIB, 0, ERROR_NOT_FOUND },
		{ ID, 128 * MIB, 96 * MIB, ERROR_RANGE },
		{ ID, 0, 32 * MIB, ERROR_RANGE },
		{ ID, INT64_MAX, 0, ERROR_RANGE },
	};
	static const struct {
		const char *id, *path;
		uint64_t required;
		enum error_code code;
	} node_cases[] = {
		{ "", "/x", 64 * MIB, ERROR_INVALID },
		{ ID, "", 64 * MIB, ERROR_INVALID },
		{ "pvc-2", "/x", 64 * MIB, ERROR_NOT_FOUND },
		{ ID, "/nowhere/at/all", 64 * MIB, ERROR_NOT_FOUND },
		{ ID, "/proc", 64 * MIB, ERROR_NOT_FOUND },
		{ ID, "/proc", 128 * MIB, ERROR_RANGE },
	};
	up(&volume);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = { 0 };
		assert_int_equal(node_client_expand(scene.channel, cases[i].id, cases[i].required,
						    cases[i].limit, &now, &node_too, &err),
				 -1);
		assert_int_equal(err.code, cases[i].code);
	}
	for (size_t i = 0; i < sizeof(node_cases) / sizeof(*node_cases); i++) {
		struct error err = { 0 };
		assert_int_equal(node_client_expand_mounted(scene.channel, node_cases[i].id,
							    node_cases[i].path,
							    node_cases[i].required, &now, &err),
				 -1);
		assert_int_equal(err.code, node_cases[i].code);
	}
	down();
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xfs_grows_under_a_writer),
		cmocka_unit_test(btrfs_grows_under_a_writer),
		cmocka_unit_test(
			ext4_grows_under_a_writer_where_we_may_or_else_at_the_next_staging),
		cmocka_unit_test(a_file_system_grows_though_the_pod_may_only_read),
		cmocka_unit_test(a_growth_whose_caller_lost_us_is_finished_by_its_repetition),
		cmocka_unit_test(a_thick_volume_keeps_its_blocks_and_gives_them_back_in_the_end),
		cmocka_unit_test(what_cannot_grow_is_refused_with_the_code_of_the_specification),
	};
	return cmocka_run_group_tests(tests, node_test_set_up, node_test_tear_down);
}
