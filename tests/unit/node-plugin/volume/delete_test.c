/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/delete.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "test.h"
#include "volume/volume.h"
#include "volume_scene.h"

static void a_volume_in_use_is_not_deleted(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene_stage(&err), 0);
	assert_int_equal(volume_scene_publish_here(&err), 0);
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(volume_scene_unpublish(&err), 0);
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), -1);
	assert_non_null(strstr(err.text, volume_scene.pool.staging));
	assert_int_equal(volume_scene_unstage(&err), 0);
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), 0);
}

static void a_device_that_a_process_holds_keeps_its_volume_from_being_deleted(void **state)
{
	struct error err = { 0 };
	assert_int_equal(volume_scene_create(VOLUME_SCENE_ID, &err), 0);
	assert_int_equal(volume_scene_stage(&err), 0);
	volume_scene.pool.fake->loops[0].stuck = true;
	assert_int_equal(volume_scene_unstage(&err), 0);
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "/dev/loop0"));
	volume_scene.pool.fake->loops[0].stuck = false;
	assert_int_equal(volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err), 0);
}

#define FINDERS 4

static atomic_bool is_over;

/* Until it is over, or gets another answer than that it is there, is not, or changes just now. */
static void *find_again_and_again(void *context)
{
	struct error *wrong = context;
	while (!is_over && wrong->code == ERROR_NONE) {
		struct error err = { 0 };
		struct volume_record record;
		if (volume_find(volume_scene.pool.pools, VOLUME_SCENE_ID, &record, &err) < 0 &&
		    err.code != ERROR_NOT_FOUND && err.code != ERROR_BUSY)
			*wrong = err;
	}
	return NULL;
}

static void one_that_is_just_being_deleted_is_not_told_to_be_damaged(void **state)
{
	pthread_t threads[FINDERS];
	struct error wrong[FINDERS] = { 0 };
	struct error err = { 0 };
	int outcome = 0;
	is_over = false;
	for (size_t i = 0; i < FINDERS; i++)
		pthread_create(&threads[i], NULL, find_again_and_again, &wrong[i]);
	for (unsigned round = 0; round < 300 && outcome == 0; round++) {
		outcome = volume_scene_create(VOLUME_SCENE_ID, &err);
		if (outcome == 0)
			outcome = volume_delete(volume_scene.pool.pools, VOLUME_SCENE_ID, &err);
	}
	is_over = true;
	for (size_t i = 0; i < FINDERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(outcome, 0);
	for (size_t i = 0; i < FINDERS; i++)
		assert_string_equal(wrong[i].text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VOLUME_SCENE_ON_BOTH(a_volume_in_use_is_not_deleted),
		VOLUME_SCENE_ON_LOOP(
			a_device_that_a_process_holds_keeps_its_volume_from_being_deleted),
		VOLUME_SCENE_ON_BOTH(one_that_is_just_being_deleted_is_not_told_to_be_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
