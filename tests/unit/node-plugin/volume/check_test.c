/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A file system that needs it is checked before its volume is mounted writable, and one that cannot
 * be repaired is refused with the way out.
 */

#include <stdio.h>
#include <string.h>

#include "assert_outcome.h"
#include "pool_scene.h"
#include "test.h"
#include "volume/delete.h"
#include "volume/stage.h"

static struct pool_scene scene;

static int set_up(void **state)
{
	pool_scene_init(&scene);
	pool_scene_create(&scene, "pvc-1");
	return 0;
}

static int tear_down(void **state)
{
	struct error err = { 0 };
	volume_unstage(scene.pools, "pvc-1", scene.staging, &err);
	assert_done(volume_delete(scene.pools, "pvc-1", &err), &err);
	pool_scene_done(&scene);
	return 0;
}

static int stage(struct error *err)
{
	return volume_stage(scene.pools, "pvc-1", scene.staging, &pool_scene_writer, err);
}

static void a_file_system_without_errors_is_not_checked(void **state)
{
	struct error err = { 0 };
	assert_done(stage(&err), &err);
	assert_int_equal(scene.fake->checks, 0);
}

static void one_with_errors_is_checked_before_its_mount(void **state)
{
	struct error err = { 0 };
	scene.fake->has_errors = true;
	assert_done(stage(&err), &err);
	assert_int_equal(scene.fake->checks, 1);
}

static void one_that_the_kernel_refuses_is_checked_and_mounted_then(void **state)
{
	struct error err = { 0 };
	scene.fake->is_damaged = true;
	assert_done(stage(&err), &err);
	assert_int_equal(scene.fake->checks, 1);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.staging), 1);
	assert_int_equal(fake_host_loop_count(scene.fake), 1);
}

static void a_read_only_mount_checks_nothing(void **state)
{
	struct error err = { 0 };
	char *read_only[] = { (char *)"ro" };
	struct access access = { .fs_type = "", .mount_flags = read_only, .mount_flag_count = 1 };
	scene.fake->has_errors = true;
	assert_done(volume_stage(scene.pools, "pvc-1", scene.staging, &access, &err), &err);
	assert_int_equal(scene.fake->checks, 0);
}

static void one_beyond_repair_is_refused_with_what_to_do(void **state)
{
	struct error err = { 0 };
	char command[PATH_MAX + 64];
	snprintf(command, sizeof(command), "e2fsck -f %s/volumes/pvc-1/image",
		 scene.pool->site.path);
	scene.fake->is_damaged = scene.fake->beyond_repair = true;
	assert_refused(stage(&err), ERROR_INTERNAL, &err, "pvc-1");
	assert_non_null(strstr(err.text, "run fsck manually"));
	assert_non_null(strstr(err.text, command));
	assert_int_equal(fake_host_mount_count(scene.fake), 0);
	assert_int_equal(fake_host_loop_count(scene.fake), 0);
	scene.fake->has_errors = true;
	assert_refused(stage(&err), ERROR_INTERNAL, &err, command);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_file_system_without_errors_is_not_checked),
		TEST(one_with_errors_is_checked_before_its_mount),
		TEST(one_that_the_kernel_refuses_is_checked_and_mounted_then),
		TEST(a_read_only_mount_checks_nothing),
		TEST(one_beyond_repair_is_refused_with_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
