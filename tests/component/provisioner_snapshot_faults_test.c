/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The role snapshot-controller when it is killed at any step, when writes are refused, and beside
 * another snapshot-controller.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "snapshot_scene.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 100
#define BOUND_NAME "status.boundVolumeSnapshotContentName"

static const struct kind leases = {
	.api_version = "coordination.k8s.io/v1",
	.name = "Lease",
	.plural = "leases",
	.namespaced = true,
	.size = sizeof(struct object),
};

/* Requirement Z3, from the beginning to the end of a snapshot. */
static void killed_anywhere_it_ends_as_without(void **state)
{
	unsigned step = step_first(), points = 0;
	for (bool died = true; died && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
		scene_at_step(scene, step, scene_kill, NULL);
		snapshot_scene_put(scene, NULL);
		for (unsigned i = 0; i < 300 && !scene_has_acted(scene); i++) {
			snapshot_scene_play_sidecar(scene, SNAPSHOT_SCENE_CONTENT);
			usleep(1000);
		}
		died = scene_has_acted(scene);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		if (!snapshot_scene_wait(scene, snapshot_scene_is_ready))
			fail_msg("killed at step %u: not ready", step);
		assert_int_equal(fake_api_count(scene_api(scene), &scene_contents), 1);
		points = step - !died;
	}
	step_tell("making", points);
	assert_true(points >= 12);
}

static void killed_anywhere_it_is_deleted_as_without(void **state)
{
	unsigned step = step_first(), points = 0;
	for (bool died = true; died && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
		snapshot_scene_put(scene, NULL);
		assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
		usleep(20000);
		scene_at_step(scene, step, scene_kill, NULL);
		scene_delete(scene, &scene_snapshots, "snap");
		for (unsigned i = 0; i < 300 && !scene_has_acted(scene); i++) {
			snapshot_scene_play_sidecar(scene, SNAPSHOT_SCENE_CONTENT);
			usleep(1000);
		}
		died = scene_has_acted(scene);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		if (!snapshot_scene_wait(scene, snapshot_scene_is_gone))
			fail_msg("killed at step %u: something is left", step);
		points = step - !died;
	}
	step_tell("deleting", points);
	assert_true(points >= 6);
}

static bool delete_snapshot(struct provision_scene *scene, void *context)
{
	scene_delete(scene, &scene_snapshots, "snap");
	return !context || scene_kill(scene, NULL);
}

/* With the process, or without. */
static void delete_at_every_step(bool and_kill)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
		scene_at_step(scene, step, delete_snapshot, and_kill ? scene : NULL);
		snapshot_scene_put(scene, NULL);
		for (unsigned i = 0; i < 300 && !scene_has_acted(scene); i++) {
			snapshot_scene_play_sidecar(scene, SNAPSHOT_SCENE_CONTENT);
			usleep(1000);
		}
		bool acted = scene_has_acted(scene);
		scene_at_step(scene, 0, NULL, NULL);
		if (and_kill) {
			scene_stop(scene);
			scene_start(scene);
		}
		scene_delete(scene, &scene_snapshots, "snap");
		if (!snapshot_scene_wait(scene, snapshot_scene_is_gone))
			fail_msg("deleted at step %u: something is left", step);
		if (!acted)
			return;
	}
	fail_msg("no end of steps");
}

static void a_snapshot_that_is_deleted_meanwhile_goes(void **state)
{
	delete_at_every_step(false);
	delete_at_every_step(true);
}

/* Every second write is refused, each time in another way. */
static void refused_writes_are_repeated(void **state)
{
	static const int statuses[] = { 409, 500 };
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
		for (unsigned n = 0; n < 2; n++) {
			static const char *const parts[] = { "snapshots/snap", "claims/www",
							     "snap/status" };
			for (size_t p = 0; p < sizeof(parts) / sizeof(*parts); p++)
				fake_api_fail_next(scene_api(scene), "PATCH", parts[p],
						   FAKE_API_STATUS, statuses[i]);
			fake_api_fail_next(scene_api(scene), "POST", "contents", FAKE_API_STATUS,
					   500);
		}
		fake_api_fail_next(scene_api(scene), "POST", "contents", FAKE_API_LOST_ANSWER, 0);
		snapshot_scene_put(scene, NULL);
		if (!snapshot_scene_wait(scene, snapshot_scene_is_ready))
			fail_msg("status %d: not ready", statuses[i]);
		assert_int_equal(fake_api_count(scene_api(scene), &scene_contents), 1);
		scene_delete(scene, &scene_snapshots, "snap");
		assert_true(snapshot_scene_wait(scene, snapshot_scene_is_gone));
	}
}

/* Requirement Z8, with the back-off of production. */
static void standing_refusals_make_no_hot_loop(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	scene_stop(scene);
	scene_set_backoff(scene, 1000);
	scene_start(scene);
	fake_api_fail(scene_api(scene), &(struct fake_api_failure) { .method = "POST",
								     .path_part = "contents",
								     .how = FAKE_API_STATUS,
								     .status = 403,
								     .times = 1000 });
	snapshot_scene_put(scene, NULL);
	assert_true(scene_wait_event(scene, "CreateSnapshotContentFailed", ""));
	usleep(1500000);
	assert_true(fake_api_requests(scene_api(scene), "POST", "contents") <= 3);
	assert_true(fake_api_requests(scene_api(scene), "PATCH", "snap/status") <= 2);
}

static void put_lease(struct provision_scene *scene, unsigned renewal)
{
	fake_api_putf(scene_api(scene), &leases,
		      "{'metadata':{'name':'snapshot-controller-leader','namespace':'kube-system'},"
		      "'spec':{'holderIdentity':'other','leaseDurationSeconds':15,"
		      "'renewTime':'2026-01-01T00:00:00.%06uZ'}}",
		      renewal);
}

static struct provision_scene *scene_that_looks(void)
{
	struct provision_scene *scene = snapshot_scene_alone();
	scene_look_for_snapshot_controllers(scene);
	snapshot_scene_put_class(scene, "snaps", "kentledge.io", true);
	snapshot_scene_put_volume(scene, "kentledge.io");
	snapshot_scene_put_claim(scene, "Bound");
	snapshot_scene_put(scene, NULL);
	return scene;
}

static bool has_probe(struct provision_scene *scene)
{
	return fake_api_exists(scene_api(scene), &scene_snapshots, "kentledge",
			       "kentledge-snapshot-probe");
}

static bool wait_for_probe(struct provision_scene *scene, bool there)
{
	for (unsigned i = 0; i < 5000 && has_probe(scene) != there; i++)
		usleep(1000);
	return has_probe(scene) == there;
}

/* Requirement C61. */
static void it_acts_when_its_probe_is_not_answered(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_that_looks();
	scene_start(scene);
	assert_true(wait_for_probe(scene, true));
	/* Never while it is unsure. A slow machine may come too late to see that. */
	bool acted = !snapshot_scene_field_is(scene, BOUND_NAME, NULL);
	assert_false(acted && has_probe(scene));
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	assert_true(wait_for_probe(scene, false));
}

static void it_stands_by_when_its_probe_is_answered(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_that_looks();
	scene_start(scene);
	assert_true(wait_for_probe(scene, true));
	fake_api_edit(scene_api(scene), &scene_snapshots, "kentledge", "kentledge-snapshot-probe",
		      "{'status':{'readyToUse':false}}");
	assert_true(wait_for_probe(scene, false));
	usleep(600000);
	assert_true(snapshot_scene_field_is(scene, BOUND_NAME, NULL));
	assert_false(snapshot_scene_exists(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT));
}

static void it_stands_by_while_a_lease_is_renewed(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_that_looks();
	put_lease(scene, 0);
	scene_start(scene);
	for (unsigned i = 1; i <= 10; i++) {
		usleep(100000);
		put_lease(scene, i);
	}
	assert_false(snapshot_scene_exists(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT));
	assert_false(has_probe(scene));
	/* It is renewed no longer. */
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
}

/* Requirement Z11. */
static void nothing_is_done_while_the_kinds_are_not_served(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_alone();
	fake_api_set_served(scene_api(scene), &scene_snapshots, false);
	fake_api_set_served(scene_api(scene), &scene_contents, false);
	fake_api_set_served(scene_api(scene), &scene_snapshot_classes, false);
	scene_look_for_snapshot_controllers(scene);
	scene_start(scene);
	scene_at_step(scene, 0, NULL, NULL);
	usleep(300000);
	assert_int_equal(scene_steps(scene), 0);
}

/* The content is deleted while our copy of the snapshots is empty. */
static void delete_content_and_keep_data(struct provision_scene *scene)
{
	usleep(200000);
	scene_delete(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT);
	usleep(300000);
	assert_true(snapshot_scene_exists(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT));
	assert_false(snapshot_scene_has(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT,
					"metadata.annotations", "being-deleted"));
}

/* A snapshot that our copy alone lacks keeps its data. */
static void a_content_is_not_marked_for_what_the_copy_lacks(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	fake_api_fail(scene_api(scene),
		      &(struct fake_api_failure) { .method = "GET",
						   .path_part = "/volumesnapshots?",
						   .how = FAKE_API_STATUS,
						   .status = 404,
						   .times = 1000 });
	fake_api_end_watches(scene_api(scene));
	delete_content_and_keep_data(scene);
	/* Read live, it is gone, but nothing says that its kind is served. */
	fake_api_remove(scene_api(scene), &scene_snapshots, "default", "snap");
	usleep(300000);
	assert_false(snapshot_scene_has(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT,
					"metadata.annotations", "being-deleted"));
}

/* A live read finds nothing either. The data and the source must wait until the kind is served. */
static void nothing_is_released_while_snapshots_are_not_served(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_field_is(scene, BOUND_NAME, SNAPSHOT_SCENE_CONTENT));
	assert_true(snapshot_scene_is_protected(scene));
	fake_api_set_served(scene_api(scene), &scene_snapshots, false);
	usleep(200000);
	assert_true(snapshot_scene_is_protected(scene));
	delete_content_and_keep_data(scene);
}

/* Without its finalizers nothing would ever mark the content, and its data would stay. */
static void a_snapshot_is_not_released_while_its_content_is_not_seen(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	fake_api_fail(scene_api(scene),
		      &(struct fake_api_failure) { .method = "GET",
						   .path_part = "/volumesnapshotcontents?",
						   .how = FAKE_API_STATUS,
						   .status = 404,
						   .times = 1000 });
	fake_api_end_watches(scene_api(scene));
	usleep(200000);
	scene_delete(scene, &scene_snapshots, "snap");
	usleep(300000);
	assert_true(fake_api_exists(scene_api(scene), &scene_snapshots, "default", "snap"));
	assert_true(fake_api_exists(scene_api(scene), &scene_contents, "", SNAPSHOT_SCENE_CONTENT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_anywhere_it_ends_as_without),
		cmocka_unit_test(killed_anywhere_it_is_deleted_as_without),
		cmocka_unit_test(a_snapshot_that_is_deleted_meanwhile_goes),
		cmocka_unit_test(refused_writes_are_repeated),
		cmocka_unit_test(standing_refusals_make_no_hot_loop),
		cmocka_unit_test(it_acts_when_its_probe_is_not_answered),
		cmocka_unit_test(it_stands_by_when_its_probe_is_answered),
		cmocka_unit_test(it_stands_by_while_a_lease_is_renewed),
		cmocka_unit_test(nothing_is_done_while_the_kinds_are_not_served),
		cmocka_unit_test(a_content_is_not_marked_for_what_the_copy_lacks),
		cmocka_unit_test(nothing_is_released_while_snapshots_are_not_served),
		cmocka_unit_test(a_snapshot_is_not_released_while_its_content_is_not_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
