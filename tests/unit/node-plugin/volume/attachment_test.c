/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/attachment.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "pool_scene.h"
#include "test.h"
#include "volume/access.h"
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/ephemeral.h"
#include "volume/publish.h"

static struct pool_scene scene;

static int begin(void **state)
{
	pool_scene_init(&scene);
	log_set_level(LOG_ERROR + 1);
	scene.settings.attach = true;
	scene.settings.max_volumes = 2;
	return 0;
}

static int end(void **state)
{
	pool_scene_done(&scene);
	return 0;
}

static int attach(const char *name, struct error *err)
{
	return attachment_make(scene.pools, name, &pool_scene_writer, false, err);
}

static void there_is_no_place_for_one_more_than_allowed(void **state)
{
	struct error err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	pool_scene_create(&scene, "pvc-2");
	pool_scene_create(&scene, "pvc-3");
	assert_int_equal(attach("pvc-1", &err), 0);
	assert_int_equal(attach("pvc-2", &err), 0);
	assert_int_equal(attach("pvc-2", &err), 1);
	assert_int_equal(attach("pvc-3", &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_int_equal(attachment_end(scene.pools, "pvc-1", &err), 0);
	assert_int_equal(attach("pvc-3", &err), 0);
}

static atomic_bool is_over;

static void *attach_and_detach(void *context)
{
	struct error *err = context;
	while (!is_over && err->code == ERROR_NONE)
		if (attach("pvc-2", err) == 0)
			attachment_end(scene.pools, "pvc-2", err);
	return NULL;
}

static void one_that_is_just_being_deleted_takes_no_place(void **state)
{
	pthread_t thread;
	struct error refused = { 0 }, err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	pool_scene_create(&scene, "pvc-2");
	assert_int_equal(attach("pvc-1", &err), 0);
	is_over = false;
	assert_int_equal(pthread_create(&thread, NULL, attach_and_detach, &refused), 0);
	for (unsigned round = 0; round < 1000; round++) {
		pool_scene_create(&scene, "pvc-3");
		volume_delete(scene.pools, "pvc-3", &err);
	}
	is_over = true;
	pthread_join(thread, NULL);
	assert_string_equal(refused.text, "");
	assert_string_equal(err.text, "");
}

/* A pod may have it all the same. */
static void one_with_a_damaged_record_keeps_its_place(void **state)
{
	struct error err = { 0 };
	char record[256];
	pool_scene_create(&scene, "pvc-1");
	pool_scene_create(&scene, "pvc-2");
	pool_scene_create(&scene, "pvc-3");
	assert_int_equal(attach("pvc-1", &err), 0);
	snprintf(record, sizeof(record), "%s/pool/volumes/pvc-1/record", scene.folder);
	assert_int_equal(truncate(record, 10), 0);
	assert_int_equal(attach("pvc-2", &err), 0);
	assert_int_equal(attach("pvc-3", &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "record"));
}

static void an_ephemeral_one_has_a_place_too(void **state)
{
	struct error err = { 0 };
	struct volume_spec spec = pool_scene_spec("csi-1");
	spec.ephemeral = &pool_scene_ephemeral;
	const struct volume_publication publication = { .target_path = scene.target,
							.access = &pool_scene_writer };
	pool_scene_create(&scene, "pvc-1");
	pool_scene_create(&scene, "pvc-2");
	assert_int_equal(volume_ephemeral_publish(scene.pools, &spec, &publication, &err), 0);
	assert_int_equal(attach("pvc-1", &err), 0);
	assert_int_equal(attach("pvc-2", &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_int_equal(volume_unpublish(scene.pools, "csi-1", scene.target, &err), 0);
	assert_int_equal(attach("pvc-2", &err), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_is_no_place_for_one_more_than_allowed),
		TEST(one_that_is_just_being_deleted_takes_no_place),
		TEST(one_with_a_damaged_record_keeps_its_place),
		TEST(an_ephemeral_one_has_a_place_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
