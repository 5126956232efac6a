/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/visiting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "assert_outcome.h"
#include "pool/pools.h"
#include "pool/volume_folder.h"
#include "pools_scene.h"
#include "volume/create.h"
#include "volume/delete.h"

#define GIB (1ULL << 30)

static struct pools_scene scene;
static struct pool_visit inside; /* of a call that waits for the disk of bulk */

static int set_up(void **state)
{
	pools_scene_init(&scene);
	pools_scene_open_both(&scene, 2);
	return 0;
}

static int tear_down(void **state)
{
	pool_visit_end(&inside);
	pools_scene_done(&scene);
	return 0;
}

static int create(const char *name, const char *pool, struct error *err)
{
	struct volume_record record;
	struct volume_spec spec = {
		.name = name,
		.range = { .required_bytes = GIB },
		.parameters = { .backend = BACKEND_LOOP, .enforce = true, .pool = pool },
		.fs_type = "",
	};
	return volume_create(scene.pools, &spec, &record, err);
}

/* From now on the disk takes one call, and that one does not come back. */
static void hang_bulk(void)
{
	struct error err = { 0 };
	struct pool *bulk = pools_scene_pool(&scene, "bulk");
	bulk->visits.max = 1;
	assert_done(pool_visit_begin(&bulk->visits, "bulk", &inside, &err), &err);
	inside.since_ms -= 10 * POOL_VISIT_PATIENCE_MS;
	inside.thread = (pthread_t)1; /* not ours, which may enter again */
}

static const char *pool_of(const char *id)
{
	const struct pool *pool = visiting_pool(scene.pools, id);
	return pool ? pool->site.name : "";
}

static void it_is_known_where_a_volume_was_made_and_where_it_was_at_the_start(void **state)
{
	struct error err = { 0 };
	assert_done(create("pvc-1", "bulk", &err), &err);
	assert_done(create("pvc-2", "fast", &err), &err);
	assert_string_equal(pool_of("pvc-1"), "bulk");
	assert_string_equal(pool_of("pvc-2"), "fast");
	assert_done(volume_delete(scene.pools, "pvc-2", &err), &err);
	assert_string_equal(pool_of("pvc-2"), "");
	pools_scene_open_both(&scene, 2);
	assert_string_equal(pool_of("pvc-1"), "bulk");
	assert_string_equal(pool_of("pvc-2"), "");
}

static void
a_volume_of_a_disk_that_hangs_is_refused_and_those_of_the_others_are_served(void **state)
{
	struct error err = { 0 };
	assert_done(create("pvc-1", "bulk", &err), &err);
	assert_done(create("pvc-2", "fast", &err), &err);
	hang_bulk();
	assert_refused(volume_delete(scene.pools, "pvc-1", &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk: ");
	assert_done(volume_delete(scene.pools, "pvc-2", &err), &err);
}

static void what_is_in_no_other_pool_may_be_on_the_disk_that_hangs(void **state)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error err = { 0 };
	hang_bulk();
	assert_refused(volume_delete(scene.pools, "pvc-1", &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk: ");
	assert_refused(volume_folder_open(scene.pools, "pvc-1", &folder, &err), ERROR_UNAVAILABLE,
		       &err, "pool bulk: ");
}

static void a_volume_is_found_while_another_disk_hangs_though_it_is_not_known_where(void **state)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	struct error err = { 0 };
	assert_done(create("pvc-2", "fast", &err), &err);
	whereabouts_clear(&scene.pools->whereabouts);
	hang_bulk();
	assert_done(volume_folder_open(scene.pools, "pvc-2", &folder, &err), &err);
	assert_string_equal(folder.pool->site.name, "fast");
	/* Not all pools were asked. */
	assert_string_equal(pool_of("pvc-2"), "");
}

static void new_volumes_are_made_in_the_pools_that_answer(void **state)
{
	struct error err = { 0 };
	hang_bulk();
	for (unsigned i = 0; i < 3; i++) {
		const char *const names[] = { "pvc-1", "pvc-2", "pvc-3" };
		CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
		assert_done(create(names[i], NULL, &err), &err);
		assert_done(volume_folder_open_in(pools_scene_pool(&scene, "fast"), names[i],
						  &folder, &err),
			    &err);
	}
	assert_refused(create("pvc-4", "bulk", &err), ERROR_UNAVAILABLE, &err, "pool bulk: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_known_where_a_volume_was_made_and_where_it_was_at_the_start),
		TEST(a_volume_of_a_disk_that_hangs_is_refused_and_those_of_the_others_are_served),
		TEST(what_is_in_no_other_pool_may_be_on_the_disk_that_hangs),
		TEST(a_volume_is_found_while_another_disk_hangs_though_it_is_not_known_where),
		TEST(new_volumes_are_made_in_the_pools_that_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
