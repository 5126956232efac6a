/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/filling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "assert_outcome.h"
#include "pools_scene.h"

#define GIB (1ULL << 30)

static struct pools_scene scene;
static struct filling_places places;

static int set_up(void **state)
{
	pools_scene_init(&scene);
	pools_scene_open_both(&scene, 2);
	places = (struct filling_places) { 0 };
	return 0;
}

static int tear_down(void **state)
{
	pools_scene_done(&scene);
	return 0;
}

static int expect(struct filling *filling, const char *pool, uint64_t bytes, struct error *err)
{
	filling_init(filling, scene.pools, &places);
	filling->pool = pool ? pools_scene_pool(&scene, pool) : NULL;
	return filling->watch.expect(filling->watch.context, bytes, err);
}

static void what_is_known_to_be_long_has_a_place_or_is_not_begun(void **state)
{
	struct filling fillings[4];
	struct error err = { 0 };
	for (unsigned i = 0; i < 3; i++)
		assert_done(expect(&fillings[i], NULL, GIB, &err), &err);
	assert_refused(expect(&fillings[3], NULL, GIB, &err), ERROR_BUSY, &err, "try again");
	filling_done(&fillings[3]); /* which has none */
	assert_refused(expect(&fillings[3], NULL, GIB, &err), ERROR_BUSY, &err, "try again");
	/* Little work needs no place. */
	assert_done(expect(&fillings[3], NULL, GIB / 64, &err), &err);
	filling_done(&fillings[0]);
	assert_done(expect(&fillings[3], NULL, GIB, &err), &err);
	for (unsigned i = 1; i < 4; i++)
		filling_done(&fillings[i]);
	assert_int_equal(atomic_load(&places.total), 0);
}

static void one_of_several_pools_does_not_get_all_places(void **state)
{
	struct filling fillings[4];
	struct error err = { 0 };
	for (unsigned i = 0; i < 2; i++)
		assert_done(expect(&fillings[i], "bulk", GIB, &err), &err);
	assert_refused(expect(&fillings[2], "bulk", GIB, &err), ERROR_BUSY, &err, "in pool bulk");
	assert_done(expect(&fillings[3], "fast", GIB, &err), &err);
	filling_done(&fillings[0]);
	assert_done(expect(&fillings[2], "bulk", GIB, &err), &err);
	for (unsigned i = 1; i < 4; i++)
		filling_done(&fillings[i]);
	assert_int_equal(atomic_load(&places.total), 0);
	for (unsigned i = 0; i < POOLS_MAX; i++)
		assert_int_equal(atomic_load(&places.of_pool[i]), 0);
}

static void what_takes_longer_than_a_moment_needs_a_place_too(void **state)
{
	struct filling fillings[3], late;
	struct error err = { 0 };
	filling_init(&late, scene.pools, &places);
	for (unsigned i = 0; i < 3; i++)
		assert_done(expect(&fillings[i], NULL, GIB, &err), &err);
	assert_done(late.watch.look(late.watch.context, 0, &err), &err);
	usleep(1100000);
	assert_refused(late.watch.look(late.watch.context, 77, &err), ERROR_BUSY, &err,
		       "77 bytes are written");
	for (unsigned i = 0; i < 3; i++)
		filling_done(&fillings[i]);
	filling_done(&late);
}

static void long_work_ends_when_the_plugin_stops(void **state)
{
	struct filling filling;
	struct error err = { 0 };
	filling_init(&filling, scene.pools, &places);
	assert_done(filling.watch.look(filling.watch.context, 0, &err), &err);
	atomic_store(&places.stopping, true);
	assert_refused(filling.watch.look(filling.watch.context, 0, &err), ERROR_UNAVAILABLE, &err,
		       "the plugin is stopping");
	filling_done(&filling);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_known_to_be_long_has_a_place_or_is_not_begun),
		TEST(one_of_several_pools_does_not_get_all_places),
		TEST(what_takes_longer_than_a_moment_needs_a_place_too),
		TEST(long_work_ends_when_the_plugin_stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
