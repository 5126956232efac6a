/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/waits.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "test.h"

static const struct waiting stale = { WAITING_WARNING, "StaleClaim", "www-web-1",
				      "claim www-web-1 is not gone" };
static const struct waiting unready = { WAITING_NORMAL, "PodUnready", "web-0",
					"pod web-0 is not ready" };

static void note_report(void *context, const struct waiting *waiting)
{
	text_printf(context, "%s ", waiting->reason);
}

struct scene {
	struct waits *waits;
	struct text reported;
	const struct waiting *longest;
};

static uint32_t look(struct scene *scene, const char *set, uint64_t now_ms,
		     const struct waiting *list, size_t count)
{
	const struct waits_look what = { .set = set,
					 .list = list,
					 .count = count,
					 .now_ms = now_ms,
					 .report = note_report,
					 .context = &scene->reported };
	return waits_note(scene->waits, &what, &scene->longest);
}

static int set_up(void **state)
{
	static struct scene scene;
	scene = (struct scene) { .waits = waits_new() };
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;
	waits_free(scene->waits);
	text_done(&scene->reported);
	return 0;
}

static void a_long_wait_is_reported_once(void **state)
{
	struct scene *scene = *state;
	assert_int_equal(look(scene, "a/web", 1000, &stale, 1), 10000);
	assert_null(scene->longest);
	assert_int_equal(look(scene, "a/web", 5000, &stale, 1), 6000);
	assert_string_equal(text_string(&scene->reported), "");
	assert_int_equal(look(scene, "a/web", 11000, &stale, 1), 0);
	assert_ptr_equal(scene->longest, &stale);
	assert_int_equal(look(scene, "a/web", 99000, &stale, 1), 0);
	assert_ptr_equal(scene->longest, &stale);
	assert_string_equal(text_string(&scene->reported), "StaleClaim ");
}

static void a_wait_that_ended_begins_again(void **state)
{
	struct scene *scene = *state;
	look(scene, "a/web", 1000, &stale, 1);
	assert_int_equal(look(scene, "a/web", 9000, NULL, 0), 0);
	assert_int_equal(look(scene, "a/web", 12000, &stale, 1), 10000);
	assert_string_equal(text_string(&scene->reported), "");
}

static void each_wait_has_its_own_time(void **state)
{
	struct scene *scene = *state;
	const struct waiting both[] = { unready, stale };
	look(scene, "a/web", 1000, &stale, 1);
	assert_int_equal(look(scene, "a/web", 8000, both, 2), 3000);
	assert_int_equal(look(scene, "a/web", 11000, both, 2), 7000);
	assert_ptr_equal(scene->longest, &both[1]);
	assert_int_equal(look(scene, "a/web", 18000, both, 2), 0);
	assert_ptr_equal(scene->longest, &both[0]);
	assert_string_equal(text_string(&scene->reported), "StaleClaim PodUnready ");
}

static void sets_are_kept_apart_and_forgotten(void **state)
{
	struct scene *scene = *state;
	look(scene, "a/web", 1000, &stale, 1);
	assert_int_equal(look(scene, "b/web", 9000, &stale, 1), 10000);
	waits_forget(scene->waits, "a/web");
	assert_int_equal(look(scene, "a/web", 20000, &stale, 1), 10000);
	assert_string_equal(text_string(&scene->reported), "");
}

static void of_very_many_the_first_are_remembered(void **state)
{
	struct scene *scene = *state;
	struct waiting many[WAITING_MAX + 5];
	for (size_t i = 0; i < WAITING_MAX + 5; i++)
		many[i] = (struct waiting) { WAITING_NORMAL, "PodUnready", i % 2 ? "x" : "y", "" };
	many[0] = stale;
	look(scene, "a/web", 0, many, WAITING_MAX + 5);
	look(scene, "a/web", 10000, many, 1);
	assert_string_equal(text_string(&scene->reported), "StaleClaim ");
}

int main(void)
{
#define with_scene(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		with_scene(a_long_wait_is_reported_once),
		with_scene(a_wait_that_ended_begins_again),
		with_scene(each_wait_has_its_own_time),
		with_scene(sets_are_kept_apart_and_forgotten),
		with_scene(of_very_many_the_first_are_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
