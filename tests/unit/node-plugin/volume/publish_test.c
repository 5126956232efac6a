/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/publish.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"
#include "volume_scene.h"

static void unpublish_clears_mounts_that_lie_on_one_another(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_scene_publish_here(&err), 0);
	fake_host_stack(volume_scene.pool.fake, volume_scene.pool.target);
	fake_host_mount_stranger(volume_scene.pool.fake, volume_scene.pool.target);
	assert_int_equal(fake_host_mounts_at(volume_scene.pool.fake, volume_scene.pool.target), 3);
	assert_int_equal(volume_scene_unpublish(&err), 0);
	assert_int_equal(fake_host_mounts_at(volume_scene.pool.fake, volume_scene.pool.target), 0);
	assert_int_equal(fake_host_mounts_at(volume_scene.pool.fake, volume_scene.pool.staging), 1);
	assert_int_equal(access(volume_scene.pool.target, F_OK), -1);
}

static void what_is_not_the_volumes_is_left_alone(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(mkdir(volume_scene.pool.target, 0750), 0);
	fake_host_mount_stranger(volume_scene.pool.fake, volume_scene.pool.target);
	assert_int_equal(volume_scene_unpublish(&err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "stranger"));
	assert_int_equal(volume_unpublish(volume_scene.pool.pools, "unknown",
					  volume_scene.pool.target, &err),
			 -1);
	assert_int_equal(fake_host_mounts_at(volume_scene.pool.fake, volume_scene.pool.target), 1);
	fake_host_mount_stranger(volume_scene.pool.fake, volume_scene.pool.staging);
	assert_int_equal(volume_scene_stage(&err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
}

static void files_written_below_a_target_stay(void **state)
{
	struct error err = { 0 };
	char file[192];
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(mkdir(volume_scene.pool.target, 0750), 0);
	snprintf(file, sizeof(file), "%s/data", volume_scene.pool.target);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(volume_scene_unpublish(&err), -1);
	assert_int_equal(access(file, F_OK), 0);
	unlink(file);
	assert_int_equal(volume_scene_unpublish(&err), 1);
}

static void a_volume_is_staged_before_it_is_published(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene_publish_here(&err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(access(volume_scene.pool.target, F_OK), -1);
}

static void read_only_is_obeyed_for_each_target(void **state)
{
	struct error err = { 0 };
	char second[160];
	snprintf(second, sizeof(second), "%s-2", volume_scene.pool.target);
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_scene_publish(volume_scene.pool.target, ACCESS_WRITER, true, &err),
			 0);
	assert_string_equal(fake_host_options_at(volume_scene.pool.fake, volume_scene.pool.target),
			    "ro");
	assert_int_equal(volume_scene_publish(second, ACCESS_WRITER, false, &err), 0);
	assert_string_equal(fake_host_options_at(volume_scene.pool.fake, second), "rw");
	assert_int_equal(volume_scene_publish(volume_scene.pool.target, ACCESS_WRITER, false, &err),
			 -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_string_equal(fake_host_options_at(volume_scene.pool.fake, volume_scene.pool.target),
			    "ro");
	assert_int_equal(volume_scene_publish(second, ACCESS_WRITER, true, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
}

static void a_reader_gets_it_read_only_whatever_else_is_said(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_scene_publish(volume_scene.pool.target, ACCESS_READER, false, &err),
			 0);
	assert_string_equal(fake_host_options_at(volume_scene.pool.fake, volume_scene.pool.target),
			    "ro");
}

static void a_single_writer_has_one_target_and_several_writers_have_several(void **state)
{
	struct error err = { 0 };
	char second[160];
	snprintf(second, sizeof(second), "%s-2", volume_scene.pool.target);
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(
		volume_scene_publish(volume_scene.pool.target, ACCESS_SINGLE_WRITER, false, &err),
		0);
	assert_int_equal(
		volume_scene_publish(volume_scene.pool.target, ACCESS_SINGLE_WRITER, false, &err),
		1);
	assert_int_equal(volume_scene_publish(second, ACCESS_SINGLE_WRITER, false, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, volume_scene.pool.target));
	assert_int_equal(access(second, F_OK), -1);
	assert_int_equal(volume_scene_publish(second, ACCESS_MULTI_WRITER, false, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VOLUME_SCENE_ON_BOTH(unpublish_clears_mounts_that_lie_on_one_another),
		VOLUME_SCENE_ON_BOTH(what_is_not_the_volumes_is_left_alone),
		VOLUME_SCENE_ON_BOTH(files_written_below_a_target_stay),
		VOLUME_SCENE_ON_BOTH(a_volume_is_staged_before_it_is_published),
		VOLUME_SCENE_ON_BOTH(read_only_is_obeyed_for_each_target),
		VOLUME_SCENE_ON_BOTH(a_reader_gets_it_read_only_whatever_else_is_said),
		VOLUME_SCENE_ON_BOTH(
			a_single_writer_has_one_target_and_several_writers_have_several),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
