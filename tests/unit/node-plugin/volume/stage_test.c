/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/stage.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test.h"
#include "volume/create.h"
#include "volume/delete.h"
#include "volume_scene.h"

/* By a process that ended within kernel_mount_part(), whose pod is gone meanwhile. */
static void what_was_staged_by_half_is_unstaged(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	unsigned char key[32] = { 7 };
	struct secret secret = { .bytes = key, .length = sizeof(key) };
	struct access access = { .mode = ACCESS_WRITER, .fs_type = "", .secret = &secret };
	struct volume_spec spec = volume_scene_spec(VOLUME_SCENE_ID);
	spec.parameters.encryption = ENCRYPTION_FSCRYPT;
	assert_int_equal(volume_create(volume_scene.pool.pools, &spec, &record, &err), 0);
	assert_int_equal(volume_stage(volume_scene.pool.pools, VOLUME_SCENE_ID,
				      volume_scene.pool.staging, &access, &err),
			 0);
	for (size_t i = 0; i < FAKE_MOUNTS_MAX; i++)
		if (strcmp(volume_scene.pool.fake->mounts[i].point, volume_scene.pool.staging) == 0)
			strcpy(volume_scene.pool.fake->mounts[i].root, "/");
	assert_int_equal(volume_scene_unstage(&err), 0);
	assert_int_equal(fake_host_mounts_at(volume_scene.pool.fake, volume_scene.pool.staging), 0);
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), 0);
	volume_scene_assert_empty();
}

static void mount_flags_are_obeyed_or_refused(void **state)
{
	struct error err = { 0 };
	char *read_only[] = { (char *)"ro" };
	char *commit[] = { (char *)"commit=30" };
	struct access access = { .fs_type = "", .mount_flags = read_only, .mount_flag_count = 1 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_stage(volume_scene.pool.pools, VOLUME_SCENE_ID,
				      volume_scene.pool.staging, &access, &err),
			 0);
	assert_string_equal(fake_host_options_at(volume_scene.pool.fake, volume_scene.pool.staging),
			    "ro");
	assert_int_equal(volume_scene_stage(&err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(volume_scene_unstage(&err), 0);
	access.mount_flags = commit;
	int outcome = volume_stage(volume_scene.pool.pools, VOLUME_SCENE_ID,
				   volume_scene.pool.staging, &access, &err);
	if (volume_scene.kind == BACKEND_LOOP) {
		assert_int_equal(outcome, 0);
	} else {
		assert_int_equal(outcome, -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, "commit=30"));
	}
}

static void another_file_system_than_its_own_is_refused(void **state)
{
	struct error err = { 0 };
	struct access access = { .fs_type = "xfs" };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_stage(volume_scene.pool.pools, VOLUME_SCENE_ID,
				      volume_scene.pool.staging, &access, &err),
			 -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "fs_type"));
}

static void an_image_without_its_file_system_is_never_formatted(void **state)
{
	struct error err = { 0 };
	char image[256];
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	snprintf(image, sizeof(image), "%s/pool/volumes/" VOLUME_SCENE_ID "/image",
		 volume_scene.pool.folder);
	int fd = open(image, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "something else entirely", 23, 0), 23);
	close(fd);
	unsigned steps = volume_scene.pool.fake->steps;
	assert_int_equal(volume_scene_stage(&err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_int_equal(volume_scene.pool.fake->steps, steps);
}

/* CSI: NOT_FOUND says that the volume does not exist. */
static void what_is_missing_around_a_volume_does_not_make_the_volume_missing(void **state)
{
	struct error err = { 0 };
	char data[256], aside[256], nowhere[256];
	snprintf(data, sizeof(data), "%s/pool/volumes/" VOLUME_SCENE_ID "/%s",
		 volume_scene.pool.folder, volume_scene.kind == BACKEND_LOOP ? "image" : "data");
	snprintf(aside, sizeof(aside), "%s/aside", volume_scene.pool.folder);
	snprintf(nowhere, sizeof(nowhere), "%s/no/such", volume_scene.pool.folder);
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(rename(data, aside), 0);
	assert_int_equal(volume_scene_stage(&err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_int_equal(rename(aside, data), 0);
	assert_int_equal(volume_stage(volume_scene.pool.pools, VOLUME_SCENE_ID, nowhere,
				      &pool_scene_writer, &err),
			 -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_scene_publish(nowhere, ACCESS_WRITER, false, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "target_path"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VOLUME_SCENE_ON_LOOP(what_was_staged_by_half_is_unstaged),
		VOLUME_SCENE_ON_BOTH(mount_flags_are_obeyed_or_refused),
		VOLUME_SCENE_ON_BOTH(another_file_system_than_its_own_is_refused),
		VOLUME_SCENE_ON_LOOP(an_image_without_its_file_system_is_never_formatted),
		VOLUME_SCENE_ON_LOOP(
			what_is_missing_around_a_volume_does_not_make_the_volume_missing),
		VOLUME_SCENE_ON_DIRECTORY(
			what_is_missing_around_a_volume_does_not_make_the_volume_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
