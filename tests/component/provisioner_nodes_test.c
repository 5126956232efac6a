/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A claim leaves a node that cannot serve it, and does not run to and fro; and a claim that binds
 * at once goes where pods can go.
 */

#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "provision_scene.h"
#include "test.h"

static const struct kind csi_nodes = {
	.api_version = "storage.k8s.io/v1",
	.name = "CSINode",
	.plural = "csinodes",
	.size = sizeof(struct object),
};

static bool is_unselected(struct provision_scene *scene, const char *claim)
{
	CLEANUP_FREE char *annotations = fake_api_field(scene_api(scene), &scene_claims, "default",
							claim, "metadata.annotations");
	return annotations && !strstr(annotations, "selected-node");
}

static void select_node(struct provision_scene *scene, const char *claim, const char *node)
{
	fake_api_edit(scene_api(scene), &scene_claims, "default", claim,
		      "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':'%s'}}}",
		      node);
}

static void assert_stays(struct provision_scene *scene, const char *claim)
{
	usleep(150000);
	assert_false(is_unselected(scene, claim));
}

static void cordon(struct provision_scene *scene, const char *node)
{
	fake_api_edit(scene_api(scene), &scene_nodes, "", node, "{'spec':{'unschedulable':true}}");
}

static void unregister(struct provision_scene *scene, const char *node)
{
	fake_api_edit(scene_api(scene), &csi_nodes, "", node, "{'spec':{'drivers':[]}}");
}

static void take_address(struct provision_scene *scene, const char *node)
{
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", node, "{'endpoints':[]}");
}

static void leaves_a_node_without_the_driver_once_until_something_changes(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_backoff(scene, 60000);
	unregister(scene, "node-a");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, is_unselected, "www"));
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "is not registered there"));
	/* The scheduler knows nothing better. */
	select_node(scene, "www", "node-a");
	assert_stays(scene, "www");
	cordon(scene, "node-a");
	assert_true(scene_wait(scene, is_unselected, "www"));
	select_node(scene, "www", "node-b");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_int_equal(fake_node_count(scene_node_b(scene)), 1);
}

static void lets_a_claim_leave_again_after_a_pause(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	unregister(scene, "node-a");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	for (int i = 0; i < 3; i++) {
		assert_true(scene_wait(scene, is_unselected, "www"));
		select_node(scene, "www", "node-a");
	}
}

static void gives_a_restarting_plugin_a_grace_time(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_grace(scene, 400);
	take_address(scene, "node-a");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "has no address there"));
	assert_stays(scene, "www");
	assert_true(scene_wait(scene, is_unselected, "www"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 0);
}

static void waits_no_grace_time_for_a_cordoned_node(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	take_address(scene, "node-a");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "has no address there"));
	assert_stays(scene, "www");
	cordon(scene, "node-a");
	assert_true(scene_wait(scene, is_unselected, "www"));
}

static void stays_where_a_volume_may_have_been_made(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_grace(scene, 1);
	fake_node_fail(scene_node_a(scene), "CreateVolume", ERROR_TIMEOUT, true, 100000);
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "node \"node-a\""));
	take_address(scene, "node-a");
	cordon(scene, "node-a");
	assert_stays(scene, "www");
	assert_true(fake_node_has(scene_node_a(scene), "pvc-www-uid"));
}

static void asks_a_full_node_again_but_leaves_it_once(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_backoff(scene, 300);
	fake_node_set_room(scene_node_a(scene), UINT64_C(1) << 20);
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, is_unselected, "www"));
	select_node(scene, "www", "node-a");
	assert_stays(scene, "www");
	fake_node_set_room(scene_node_a(scene), UINT64_C(1) << 40);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
}

static void assert_placed(struct provision_scene *scene, size_t on_a, size_t on_b)
{
	enum { COUNT = 6 };
	scene_start(scene);
	for (int i = 0; i < COUNT; i++) {
		CLEANUP_FREE char *name = must_printf("www-%d", i);
		scene_put_claim(scene, name, "{'spec':{'storageClassName':'now'}}");
		assert_true(scene_wait(scene, scene_is_bound, name));
	}
	assert_int_equal(fake_node_count(scene_node_a(scene)), on_a);
	assert_int_equal(fake_node_count(scene_node_b(scene)), on_b);
}

static void places_immediate_claims_where_pods_can_go(void **state)
{
	static const char *const away[] = {
		"{'spec':{'unschedulable':true}}",
		"{'spec':{'taints':[{'key':'k','effect':'NoSchedule'}]}}",
		"{'spec':{'taints':[{'key':'k','effect':'NoExecute'}]}}",
	};
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		fake_node_set_room(scene_node_a(scene), UINT64_C(1) << 50);
		fake_node_set_room(scene_node_b(scene), UINT64_C(1) << 40);
		fake_api_edit(scene_api(scene), &scene_nodes, "", "node-a", "%s", away[i]);
		assert_placed(scene, 0, 6);
	}
}

static void places_immediate_claims_on_tainted_nodes_where_no_others_are(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_node_set_room(scene_node_a(scene), UINT64_C(1) << 50);
	fake_node_set_room(scene_node_b(scene), UINT64_C(1) << 40);
	cordon(scene, "node-b");
	fake_api_edit(scene_api(scene), &scene_nodes, "", "node-a",
		      "{'spec':{'taints':[{'key':'k','effect':'NoSchedule'}]}}");
	assert_placed(scene, 6, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_a_node_without_the_driver_once_until_something_changes),
		cmocka_unit_test(lets_a_claim_leave_again_after_a_pause),
		cmocka_unit_test(gives_a_restarting_plugin_a_grace_time),
		cmocka_unit_test(waits_no_grace_time_for_a_cordoned_node),
		cmocka_unit_test(stays_where_a_volume_may_have_been_made),
		cmocka_unit_test(asks_a_full_node_again_but_leaves_it_once),
		cmocka_unit_test(places_immediate_claims_where_pods_can_go),
		cmocka_unit_test(places_immediate_claims_on_tainted_nodes_where_no_others_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
