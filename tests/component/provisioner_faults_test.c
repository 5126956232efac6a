/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The provisioner is stopped at every step of its work, and the world goes on: whatever happens in
 * between, in the end there is exactly the volume that a claim wants, or none.
 */

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "kube/json.h"
#include "provision_scene.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 100

/* What happens between the death of one provisioner and the start of the next. */
typedef void meanwhile_fn(struct provision_scene *scene);

static void nothing_happens(struct provision_scene *scene)
{
}

static void the_claim_is_deleted(struct provision_scene *scene)
{
	scene_delete(scene, &scene_claims, "www");
}

static void claim_and_class_are_deleted(struct provision_scene *scene)
{
	scene_delete(scene, &scene_claims, "www");
	scene_delete(scene, &scene_classes, "kentledge");
}

static void the_class_is_made_again(struct provision_scene *scene)
{
	scene_delete(scene, &scene_classes, "kentledge");
	fake_api_putf(scene_api(scene), &scene_classes,
		      "{'metadata':{'name':'kentledge'},'provisioner':'kentledge.io',"
		      "'volumeBindingMode':'WaitForFirstConsumer','parameters':{'a':'b'}}");
}

static void another_node_is_selected(struct provision_scene *scene)
{
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':"
		      "'node-b'}}}");
}

static void the_node_leaves(struct provision_scene *scene)
{
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-a");
}

static void the_node_leaves_and_the_claim_is_deleted(struct provision_scene *scene)
{
	the_node_leaves(scene);
	the_claim_is_deleted(scene);
}

static bool acted_or_bound(struct provision_scene *scene, const char *claim)
{
	return scene_has_acted(scene) || scene_is_bound(scene, claim);
}

static bool acted_or_gone(struct provision_scene *scene, const char *claim)
{
	return scene_has_acted(scene) || scene_is_gone(scene, claim);
}

/* Kills the provisioner at that step of making a volume. Returns whether it got so far. */
static bool die_while_provisioning(struct provision_scene *scene, unsigned step)
{
	scene_at_step(scene, step, scene_kill, NULL);
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, acted_or_bound, "www"));
	bool died = scene_has_acted(scene);
	scene_stop(scene);
	scene_at_step(scene, 0, NULL, NULL);
	return died;
}

static size_t volumes_on_nodes(struct provision_scene *scene)
{
	return fake_node_count(scene_node_a(scene)) + fake_node_count(scene_node_b(scene));
}

static void assert_one_volume(struct provision_scene *scene, const char *what, unsigned step)
{
	if (!scene_wait(scene, scene_is_bound, "www"))
		fail_msg("%s at step %u: the claim is not bound", what, step);
	/* A call that is still under way would show itself now. */
	usleep(5000);
	size_t made = volumes_on_nodes(scene);
	size_t recorded = fake_api_count(scene_api(scene), &scene_volumes);
	if (made != 1 || recorded != 1)
		fail_msg("%s at step %u: %zu volumes, %zu records", what, step, made, recorded);
	CLEANUP_FREE char *node =
		fake_api_field(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
			       "spec.nodeAffinity.required.nodeSelectorTerms");
	bool on_a = fake_node_has(scene_node_a(scene), "pvc-www-uid");
	if (!node || !strstr(node, on_a ? "node-a" : "node-b"))
		fail_msg("%s at step %u: the record names %s", what, step, node);
}

static void assert_nothing_left(struct provision_scene *scene, const char *what, unsigned step)
{
	if (!scene_wait(scene, scene_is_gone, "www"))
		fail_msg("%s at step %u: claim %d, record %d, volumes %zu", what, step,
			 fake_api_exists(scene_api(scene), &scene_claims, "default", "www"),
			 scene_has_volume(scene, "www"), volumes_on_nodes(scene));
	usleep(5000);
	assert_int_equal(volumes_on_nodes(scene), 0);
}

/* For each step: die there, let it happen, start again, look. Returns the number of steps. */
static unsigned at_every_step(meanwhile_fn *meanwhile, const char *what,
			      void (*look)(struct provision_scene *scene, const char *what,
					   unsigned step))
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		bool died = die_while_provisioning(scene, step);
		meanwhile(scene);
		scene_start(scene);
		look(scene, what, step);
		if (!died)
			return step;
	}
	fail_msg("%s: no end of steps", what);
	return 0;
}

static void killed_anywhere_it_ends_with_one_volume(void **state)
{
	unsigned steps = at_every_step(nothing_happens, "killed", assert_one_volume);
	/* Intent, call, record, intent off; before and after each. What follows the very last
	 * effect may come after we have looked. */
	assert_true(steps >= 8);
}

static void killed_anywhere_and_the_claim_deleted_it_leaves_nothing(void **state)
{
	at_every_step(the_claim_is_deleted, "claim deleted", assert_nothing_left);
}

static void killed_anywhere_and_claim_and_class_deleted_it_leaves_nothing(void **state)
{
	at_every_step(claim_and_class_are_deleted, "claim and class deleted", assert_nothing_left);
}

static void killed_anywhere_and_the_class_made_again_it_ends_with_one_volume(void **state)
{
	at_every_step(the_class_is_made_again, "class deleted and created again",
		      assert_one_volume);
}

static void killed_anywhere_and_another_node_selected_it_ends_with_one_volume(void **state)
{
	at_every_step(another_node_is_selected, "another node", assert_one_volume);
}

static void assert_claim_gone(struct provision_scene *scene, const char *what, unsigned step)
{
	uint64_t end_ms = clock_monotonic_ms() + 5000;
	while (fake_api_exists(scene_api(scene), &scene_claims, "default", "www")) {
		if (clock_monotonic_ms() > end_ms)
			fail_msg("%s at step %u: the claim is held", what, step);
		usleep(1000);
	}
}

static void killed_anywhere_and_the_node_gone_it_does_not_hold_the_claim(void **state)
{
	at_every_step(the_node_leaves_and_the_claim_is_deleted, "node gone", assert_claim_gone);
}

static bool the_connection_breaks(struct provision_scene *scene, void *context)
{
	return false;
}

static void a_request_that_breaks_off_anywhere_is_made_good(void **state)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		scene_at_step(scene, step, the_connection_breaks, NULL);
		scene_put_claim(scene, "www", NULL);
		scene_start(scene);
		assert_one_volume(scene, "request broken off", step);
		if (!scene_has_acted(scene)) {
			assert_true(step >= 8);
			return;
		}
	}
	fail_msg("no end of steps");
}

static bool the_user_deletes_the_claim(struct provision_scene *scene, void *context)
{
	scene_delete(scene, &scene_claims, "www");
	return true;
}

static bool the_user_deletes_the_claim_and_the_connection_breaks(struct provision_scene *scene,
								 void *context)
{
	scene_delete(scene, &scene_claims, "www");
	return false;
}

static void delete_the_claim_at_every_step(bool (*act)(struct provision_scene *, void *),
					   const char *what)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		scene_at_step(scene, step, act, NULL);
		scene_put_claim(scene, "www", NULL);
		scene_start(scene);
		assert_true(scene_wait(scene, acted_or_bound, "www"));
		bool last = !scene_has_acted(scene);
		if (last)
			the_claim_is_deleted(scene);
		assert_nothing_left(scene, what, step);
		if (last)
			return;
	}
	fail_msg("no end of steps");
}

static void a_claim_deleted_in_the_middle_of_any_step_leaves_nothing(void **state)
{
	delete_the_claim_at_every_step(the_user_deletes_the_claim, "deleted in the middle");
}

static void a_claim_deleted_while_a_step_breaks_off_leaves_nothing(void **state)
{
	delete_the_claim_at_every_step(the_user_deletes_the_claim_and_the_connection_breaks,
				       "deleted while the connection broke");
}

static void killed_anywhere_while_reclaiming_it_leaves_nothing(void **state)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		scene_put_claim(scene, "www", NULL);
		scene_start(scene);
		assert_true(scene_wait(scene, scene_is_bound, "www"));
		usleep(5000);
		scene_at_step(scene, step, scene_kill, NULL);
		scene_delete(scene, &scene_claims, "www");
		assert_true(scene_wait(scene, acted_or_gone, "www"));
		bool died = scene_has_acted(scene);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		assert_nothing_left(scene, "killed while reclaiming", step);
		if (!died) {
			/* The call, the finalizer and the deletion, each before and after. */
			assert_true(step > 5);
			return;
		}
	}
	fail_msg("no end of steps");
}

/* The request or call under way ends, and one read that belongs to it: three steps. */
static void assert_no_further_step(struct provision_scene *scene, unsigned step)
{
	usleep(30000);
	if (scene_steps(scene) > step + 3)
		fail_msg("deposed at step %u: went on to step %u", step, scene_steps(scene));
}

static void losing_the_lease_anywhere_it_goes_no_further(void **state)
{
	unsigned step = 0;
	bool deposed = true;
	while (deposed && ++step < STEPS_MAX) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		scene_at_step(scene, step, scene_depose, NULL);
		scene_put_claim(scene, "www", NULL);
		scene_start(scene);
		assert_true(scene_wait(scene, acted_or_bound, "www"));
		deposed = scene_has_acted(scene);
		if (deposed)
			assert_no_further_step(scene, step);
	}
	assert_in_range(step, 8, STEPS_MAX - 1);
}

static void losing_the_lease_anywhere_while_reclaiming_it_goes_no_further(void **state)
{
	unsigned step = 0;
	bool deposed = true;
	while (deposed && ++step < STEPS_MAX) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		scene_put_claim(scene, "www", NULL);
		scene_start(scene);
		assert_true(scene_wait(scene, scene_is_bound, "www"));
		usleep(5000);
		scene_at_step(scene, step, scene_depose, NULL);
		scene_delete(scene, &scene_claims, "www");
		assert_true(scene_wait(scene, acted_or_gone, "www"));
		deposed = scene_has_acted(scene);
		if (deposed)
			assert_no_further_step(scene, step);
	}
	assert_in_range(step, 8, STEPS_MAX - 1);
}

static void forgets_nothing_when_it_must_list_again(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	fake_api_set_down(scene_api(scene), true);
	scene_put_claim(scene, "www", NULL);
	fake_api_expire(scene_api(scene));
	usleep(20000);
	fake_api_set_down(scene_api(scene), false);
	assert_one_volume(scene, "server away", 0);
	fake_api_expire(scene_api(scene));
	scene_delete(scene, &scene_claims, "www");
	assert_nothing_left(scene, "watches expired", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_anywhere_it_ends_with_one_volume),
		cmocka_unit_test(killed_anywhere_and_the_claim_deleted_it_leaves_nothing),
		cmocka_unit_test(killed_anywhere_and_claim_and_class_deleted_it_leaves_nothing),
		cmocka_unit_test(killed_anywhere_and_the_class_made_again_it_ends_with_one_volume),
		cmocka_unit_test(killed_anywhere_and_another_node_selected_it_ends_with_one_volume),
		cmocka_unit_test(killed_anywhere_and_the_node_gone_it_does_not_hold_the_claim),
		cmocka_unit_test(a_request_that_breaks_off_anywhere_is_made_good),
		cmocka_unit_test(a_claim_deleted_in_the_middle_of_any_step_leaves_nothing),
		cmocka_unit_test(a_claim_deleted_while_a_step_breaks_off_leaves_nothing),
		cmocka_unit_test(killed_anywhere_while_reclaiming_it_leaves_nothing),
		cmocka_unit_test(losing_the_lease_anywhere_it_goes_no_further),
		cmocka_unit_test(losing_the_lease_anywhere_while_reclaiming_it_goes_no_further),
		cmocka_unit_test(forgets_nothing_when_it_must_list_again),
	};
	/* Thousands of lines about failures that the tests themselves make. */
	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
