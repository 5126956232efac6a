/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Group snapshots when the provisioner is killed at any step, when writes are refused, and when a
 * group is deleted in the middle.
 */

#include <stdlib.h>
#include <unistd.h>

#include "group_scene.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 200

static void play_until_acted(struct provision_scene *scene)
{
	for (unsigned i = 0; i < 300 && !scene_has_acted(scene); i++) {
		group_scene_play_sidecar(scene);
		usleep(1000);
	}
}

static void restart(struct provision_scene *scene)
{
	scene_stop(scene);
	scene_at_step(scene, 0, NULL, NULL);
	scene_start(scene);
}

/* No second content, and no second snapshot of a member. */
static void assert_made_once(struct provision_scene *scene)
{
	assert_int_equal(fake_api_count(scene_api(scene), &group_scene_contents), 1);
	assert_int_equal(fake_api_count(scene_api(scene), &scene_snapshots), GROUP_SCENE_MEMBERS);
	assert_int_equal(fake_api_count(scene_api(scene), &scene_contents), GROUP_SCENE_MEMBERS);
}

/* Requirement Z3. */
static void killed_anywhere_it_ends_as_without(void **state)
{
	unsigned step = step_first(), points = 0;
	for (bool died = true; died && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
		scene_at_step(scene, step, scene_kill, NULL);
		group_scene_put(scene, NULL);
		play_until_acted(scene);
		died = scene_has_acted(scene);
		restart(scene);
		if (!group_scene_wait(scene, group_scene_is_ready))
			fail_msg("killed at step %u: not ready", step);
		assert_made_once(scene);
		points = step - !died;
	}
	step_tell("making a group", points);
	assert_true(points >= 40);
}

static void killed_anywhere_it_is_deleted_as_without(void **state)
{
	unsigned step = step_first(), points = 0;
	for (bool died = true; died && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
		group_scene_put(scene, NULL);
		assert_true(group_scene_wait(scene, group_scene_is_ready));
		usleep(10000);
		scene_at_step(scene, step, scene_kill, NULL);
		scene_delete(scene, &group_scene_groups, "g");
		play_until_acted(scene);
		died = scene_has_acted(scene);
		restart(scene);
		if (!group_scene_wait(scene, group_scene_is_gone))
			fail_msg("killed at step %u: something is left", step);
		points = step - !died;
	}
	step_tell("deleting a group", points);
	assert_true(points >= 30);
}

static bool delete_group(struct provision_scene *scene, void *context)
{
	scene_delete(scene, &group_scene_groups, "g");
	return !context || scene_kill(scene, NULL);
}

/* With the process, or without. */
static void delete_at_every_step(bool and_kill)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
		scene_at_step(scene, step, delete_group, and_kill ? scene : NULL);
		group_scene_put(scene, NULL);
		play_until_acted(scene);
		bool acted = scene_has_acted(scene);
		if (and_kill)
			restart(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_delete(scene, &group_scene_groups, "g");
		if (!group_scene_wait(scene, group_scene_is_gone))
			fail_msg("deleted at step %u: something is left", step);
		if (!acted)
			return;
	}
}

static void a_group_that_is_deleted_meanwhile_goes(void **state)
{
	delete_at_every_step(false);
	delete_at_every_step(true);
}

static void refused_writes_are_repeated(void **state)
{
	static const int statuses[] = { 409, 500 };
	static const struct {
		const char *method;
		const char *path_part;
	} writes[] = {
		{ "PATCH", "groupsnapshots/g" },  { "PATCH", "claims/db-1" },
		{ "PATCH", "g/status" },	  { "POST", "groupsnapshotcontents" },
		{ "POST", "/volumesnapshots" },	  { "POST", "/volumesnapshotcontents" },
		{ "PATCH", "/volumesnapshots/" }, { "PATCH", "/volumesnapshotcontents/" },
	};
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
		for (size_t w = 0; w < 2 * sizeof(writes) / sizeof(*writes); w++)
			fake_api_fail_next(scene_api(scene), writes[w / 2].method,
					   writes[w / 2].path_part, FAKE_API_STATUS, statuses[i]);
		fake_api_fail_next(scene_api(scene), "POST", "/volumesnapshots",
				   FAKE_API_LOST_ANSWER, 0);
		group_scene_put(scene, NULL);
		if (!group_scene_wait(scene, group_scene_is_ready))
			fail_msg("status %d: not ready", statuses[i]);
		assert_made_once(scene);
		scene_delete(scene, &group_scene_groups, "g");
		assert_true(group_scene_wait(scene, group_scene_is_gone));
	}
}

/* Requirement Z8, with the back-off of production. */
static void standing_refusals_make_no_hot_loop(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	scene_stop(scene);
	scene_set_backoff(scene, 1000);
	scene_start(scene);
	fake_api_fail(scene_api(scene),
		      &(struct fake_api_failure) { .method = "POST",
						   .path_part = "groupsnapshotcontents",
						   .how = FAKE_API_STATUS,
						   .status = 403,
						   .times = 1000 });
	group_scene_put(scene, NULL);
	assert_true(scene_wait_event(scene, "CreateGroupSnapshotContentFailed", ""));
	usleep(1500000);
	assert_true(fake_api_requests(scene_api(scene), "POST", "groupsnapshotcontents") <= 3);
	assert_true(fake_api_requests(scene_api(scene), "PATCH", "g/status") <= 2);
}

/* Requirement Z11. */
static void nothing_is_done_while_the_kinds_are_not_served(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_alone();
	group_scene_set_served(scene, &group_scene_groups, false);
	group_scene_set_served(scene, &group_scene_contents, false);
	group_scene_set_served(scene, &group_scene_classes, false);
	scene_start(scene);
	scene_at_step(scene, 0, NULL, NULL);
	usleep(300000);
	assert_int_equal(scene_steps(scene), 0);
}

/* Without its finalizer the group's content would never be marked, and its data would stay. */
static void a_group_is_not_released_while_contents_are_not_served(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	group_scene_put(scene, NULL);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	group_scene_set_served(scene, &group_scene_contents, false);
	usleep(200000);
	scene_delete(scene, &group_scene_groups, "g");
	usleep(300000);
	assert_true(fake_api_exists(scene_api(scene), &group_scene_groups, "default", "g"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_anywhere_it_ends_as_without),
		cmocka_unit_test(killed_anywhere_it_is_deleted_as_without),
		cmocka_unit_test(a_group_that_is_deleted_meanwhile_goes),
		cmocka_unit_test(refused_writes_are_repeated),
		cmocka_unit_test(standing_refusals_make_no_hot_loop),
		cmocka_unit_test(nothing_is_done_while_the_kinds_are_not_served),
		cmocka_unit_test(a_group_is_not_released_while_contents_are_not_served),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
