/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/publish.h"
#include "volume/stage.h"
#include "volume/volume.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool_scene.h"
#include "test.h"

/* Raw block volumes: attached at stage, given to a pod as the node of their device. */

#define GIB (1ULL << 30)
#define ID "pvc-1"

static const struct access writer = { .mode = ACCESS_WRITER, .block = true, .fs_type = "" };
static const struct access reader = { .mode = ACCESS_READER, .block = true, .fs_type = "" };
static const struct access single = { .mode = ACCESS_SINGLE_WRITER, .block = true, .fs_type = "" };

static struct pool_scene scene;
static char second[160];

static int set_up(void **state)
{
	pool_scene_init(&scene);
	snprintf(second, sizeof(second), "%s-2", scene.target);
	return 0;
}

static int tear_down(void **state)
{
	pool_scene_done(&scene);
	return 0;
}

static struct volume_spec block_spec(void)
{
	struct volume_spec spec = pool_scene_spec(ID);
	spec.block = true;
	return spec;
}

static int create(struct error *err)
{
	struct volume_record record;
	struct volume_spec spec = block_spec();
	return volume_create(scene.pools, &spec, &record, err);
}

static int stage(const struct access *access, struct error *err)
{
	return volume_stage(scene.pools, ID, scene.staging, access, err);
}

static int publish(const char *target, const struct access *access, bool read_only,
		   struct error *err)
{
	struct volume_publication publication = {
		.staging_path = scene.staging,
		.target_path = target,
		.access = access,
		.read_only = read_only,
	};
	return volume_publish(scene.pools, ID, &publication, err);
}

static int unpublish(const char *target, struct error *err)
{
	return volume_unpublish(scene.pools, ID, target, err);
}

static int unstage(struct error *err)
{
	return volume_unstage(scene.pools, ID, scene.staging, err);
}

static void up(struct error *err)
{
	assert_int_equal(create(err), 0);
	assert_int_equal(stage(&writer, err), 0);
	assert_int_equal(publish(scene.target, &writer, false, err), 0);
}

static void down(struct error *err)
{
	assert_int_equal(unpublish(scene.target, err), 0);
	assert_int_equal(unstage(err), 0);
	assert_int_equal(volume_delete(scene.pools, ID, err), 0);
	assert_int_equal(fake_host_mount_count(scene.fake), 0);
	assert_int_equal(fake_host_loop_count(scene.fake), 0);
	assert_int_equal(access(scene.target, F_OK), -1);
	assert_int_equal(pool_scene_count(&scene, "volumes"), 0);
}

static void each_step_asked_for_twice_is_done_once(void **state)
{
	struct error err = { 0 };
	for (int again = 0; again < 2; again++)
		assert_int_equal(create(&err), again);
	for (int again = 0; again < 2; again++)
		assert_int_equal(stage(&writer, &err), again);
	assert_int_equal(fake_host_loop_count(scene.fake), 1);
	assert_int_equal(fake_host_mount_count(scene.fake), 0);
	for (int again = 0; again < 2; again++)
		assert_int_equal(publish(scene.target, &writer, false, &err), again);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.target), 1);
	for (int again = 0; again < 2; again++)
		assert_int_equal(unpublish(scene.target, &err), again);
	for (int again = 0; again < 2; again++)
		assert_int_equal(unstage(&err), again);
	assert_int_equal(fake_host_loop_count(scene.fake), 0);
	for (int again = 0; again < 2; again++)
		assert_int_equal(volume_delete(scene.pools, ID, &err), again);
}

static void the_target_is_a_file_and_a_folder_there_is_refused(void **state)
{
	struct error err = { 0 };
	struct stat target;
	up(&err);
	assert_int_equal(lstat(scene.target, &target), 0);
	assert_true(S_ISREG(target.st_mode));
	assert_int_equal(mkdir(second, 0750), 0);
	assert_int_equal(publish(second, &writer, false, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	rmdir(second);
	down(&err);
}

static void a_restarted_plugin_finds_the_device_it_left(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(&err), 0);
	assert_int_equal(stage(&writer, &err), 0);
	pool_scene_restart(&scene);
	assert_int_equal(fake_host_loop_count(scene.fake), 1);
	assert_int_equal(stage(&writer, &err), 1);
	assert_int_equal(publish(scene.target, &writer, false, &err), 0);
	pool_scene_restart(&scene);
	assert_int_equal(publish(scene.target, &writer, false, &err), 1);
	assert_int_equal(fake_host_loop_count(scene.fake), 1);
	down(&err);
}

/* csi-driver-host-path fails for ever here: it attaches in CreateVolume alone. */
static void after_a_reboot_stage_or_publish_attaches_again(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(&err), 0);
	assert_int_equal(stage(&writer, &err), 0);
	fake_host_drop_loop(scene.fake, 0);
	assert_int_equal(stage(&writer, &err), 0);
	fake_host_drop_loop(scene.fake, 0);
	assert_int_equal(publish(scene.target, &writer, false, &err), 0);
	assert_int_equal(fake_host_loop_count(scene.fake), 1);
	down(&err);
}

/* A bind mount of a node does not keep the device: loop0 may be anybody's later. */
static void a_number_that_passed_to_another_image_is_not_taken_for_ours(void **state)
{
	struct error err = { 0 };
	struct host_usage usage;
	up(&err);
	fake_host_drop_loop(scene.fake, 0);
	scene.fake->loops[0] = (struct fake_loop) { .attached = true, .kept = true, .inode = 1 };
	assert_int_equal(volume_usage(scene.pools, ID, scene.target, &usage, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(publish(scene.target, &writer, false, &err), 0);
	assert_int_equal(fake_host_mounts_at(scene.fake, scene.target), 1);
	assert_int_equal(fake_host_loop_count(scene.fake), 2);
	assert_int_equal(volume_usage(scene.pools, ID, scene.target, &usage, &err), 0);
	assert_int_equal(unpublish(scene.target, &err), 0);
	assert_int_equal(unstage(&err), 0);
	assert_true(scene.fake->loops[0].kept);
	fake_host_drop_loop(scene.fake, 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
}

static void a_stale_node_is_cleared_by_unpublish(void **state)
{
	struct error err = { 0 };
	up(&err);
	fake_host_drop_loop(scene.fake, 0);
	assert_int_equal(unpublish(scene.target, &err), 0);
	assert_int_equal(access(scene.target, F_OK), -1);
	assert_int_equal(fake_host_mount_count(scene.fake), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
}

static void a_reader_gets_a_device_that_cannot_be_written_to_beside_the_writers(void **state)
{
	struct error err = { 0 };
	up(&err);
	assert_int_equal(publish(second, &writer, true, &err), 0);
	assert_int_equal(fake_host_loop_count(scene.fake), 2);
	assert_false(scene.fake->loops[0].read_only);
	assert_true(scene.fake->loops[1].read_only);
	assert_string_equal(fake_host_options_at(scene.fake, second), "ro");
	assert_string_equal(fake_host_options_at(scene.fake, scene.target), "rw");
	assert_int_equal(publish(second, &writer, true, &err), 1);
	assert_int_equal(publish(second, &writer, false, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(publish(scene.target, &writer, true, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(publish(scene.target, &reader, false, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(unpublish(second, &err), 0);
	down(&err);
}

static void a_volume_for_readers_alone_has_no_writable_device(void **state)
{
	struct error err = { 0 };
	assert_int_equal(create(&err), 0);
	assert_int_equal(stage(&reader, &err), 0);
	assert_int_equal(publish(scene.target, &reader, false, &err), 0);
	assert_int_equal(fake_host_loop_count(scene.fake), 1);
	assert_true(scene.fake->loops[0].read_only);
	down(&err);
}

static void a_single_writer_has_one_target(void **state)
{
	struct error err = { 0 };
	up(&err);
	assert_int_equal(publish(second, &single, false, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, scene.target));
	assert_int_equal(publish(scene.target, &single, false, &err), 1);
	down(&err);
}

static void mount_and_block_are_never_mixed(void **state)
{
	struct volume_record record;
	struct error err = { 0 };
	struct volume_spec mount = pool_scene_spec("pvc-2");
	struct access mounted = { .mode = ACCESS_WRITER, .fs_type = "" };
	assert_int_equal(create(&err), 0);
	assert_int_equal(volume_create(scene.pools, &mount, &record, &err), 0);
	assert_int_equal(stage(&mounted, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(publish(scene.target, &mounted, false, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(volume_stage(scene.pools, "pvc-2", scene.staging, &writer, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	mount.name = ID;
	assert_int_equal(volume_create(scene.pools, &mount, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(fake_host_loop_count(scene.fake), 0);
}

static void it_is_an_image_in_a_class_of_directories_too(void **state)
{
	struct volume_record record;
	struct error err = { 0 };
	struct volume_spec spec = block_spec();
	spec.parameters.backend = BACKEND_DIRECTORY;
	spec.parameters.enforce = false;
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 1);
	assert_int_equal(record.backend, BACKEND_LOOP);
	assert_true(record.block);
	assert_true(record.enforce);
	assert_string_equal(record.fs_type, "");
}

static void while_it_is_used_it_is_neither_unstaged_nor_deleted(void **state)
{
	struct error err = { 0 };
	up(&err);
	assert_int_equal(unstage(&err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, scene.target));
	assert_int_equal(volume_delete(scene.pools, ID, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(unpublish(scene.target, &err), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(fake_host_loop_count(scene.fake), 1);
	assert_int_equal(unstage(&err), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), 0);
}

static void of_its_figures_only_the_size_is_known(void **state)
{
	struct error err = { 0 };
	struct host_usage usage;
	up(&err);
	assert_int_equal(volume_usage(scene.pools, ID, scene.target, &usage, &err), 0);
	assert_int_equal(usage.total_bytes, GIB);
	assert_int_equal(usage.available_bytes, 0);
	assert_int_equal(usage.total_inodes, 0);
	assert_int_equal(volume_usage(scene.pools, ID, second, &usage, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	down(&err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_step_asked_for_twice_is_done_once),
		TEST(the_target_is_a_file_and_a_folder_there_is_refused),
		TEST(a_restarted_plugin_finds_the_device_it_left),
		TEST(after_a_reboot_stage_or_publish_attaches_again),
		TEST(a_number_that_passed_to_another_image_is_not_taken_for_ours),
		TEST(a_stale_node_is_cleared_by_unpublish),
		TEST(a_reader_gets_a_device_that_cannot_be_written_to_beside_the_writers),
		TEST(a_volume_for_readers_alone_has_no_writable_device),
		TEST(a_single_writer_has_one_target),
		TEST(mount_and_block_are_never_mixed),
		TEST(it_is_an_image_in_a_class_of_directories_too),
		TEST(while_it_is_used_it_is_neither_unstaged_nor_deleted),
		TEST(of_its_figures_only_the_size_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
