/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Volumes are deleted once, on the node that has their data, and with no alarm about races that end
 * well.
 */

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "provision_scene.h"
#include "test.h"

#define PROTECTION "kubernetes.io/pv-protection"
#define OURS "external-provisioner.volume.kubernetes.io/finalizer"

static void set_up_released(struct provision_scene *scene, const char *affinity)
{
	fake_node_add(scene_node_b(scene), "h1", 1 << 20);
	fake_api_putf(scene_api(scene), &scene_volumes,
		      "{'metadata':{'name':'pvc-www-uid','finalizers':['" PROTECTION "','" OURS
		      "']},'spec':{'persistentVolumeReclaimPolicy':'Delete','csi':{"
		      "'driver':'kentledge.io','volumeHandle':'h1'},'nodeAffinity':{'required':{"
		      "'nodeSelectorTerms':[%s]}}},'status':{'phase':'Released'}}",
		      affinity);
}

#define ON(node)                                                                                   \
	"{'matchExpressions':[{'key':'topology.kentledge.io/"                                      \
	"node','operator':'In','values':['" node "']}]}"

/* As kube-controller-manager does, at any moment after the deletion. */
static bool lift_protection(struct provision_scene *scene, void *context)
{
	CLEANUP_FREE char *left = fake_api_field(scene_api(scene), &scene_volumes, "",
						 "pvc-www-uid", "metadata.finalizers");
	if (left)
		fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
			      "{'metadata':{'finalizers':[%s]}}",
			      strstr(left, OURS) ? "'" OURS "'" : "");
	return true;
}

static bool record_is_settled(struct provision_scene *scene, const char *claim)
{
	CLEANUP_FREE char *left = fake_api_field(scene_api(scene), &scene_volumes, "",
						 "pvc-www-uid", "metadata.finalizers");
	return !left || !strstr(left, OURS);
}

static void deletes_once_while_another_takes_finalizers_off(void **state)
{
	unsigned step = 0;
	bool acted = true;
	while (acted && ++step < 30) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		set_up_released(scene, ON("node-b"));
		scene_at_step(scene, step, lift_protection, NULL);
		scene_start(scene);
		assert_true(scene_wait(scene, record_is_settled, "www"));
		usleep(20000);
		acted = scene_has_acted(scene);
		if (fake_node_calls(scene_node_b(scene), "DeleteVolume") != 1)
			fail_msg("step %u: %zu calls", step,
				 fake_node_calls(scene_node_b(scene), "DeleteVolume"));
		assert_false(scene_has_event(scene, "VolumeFailedDelete", ""));
		assert_false(fake_node_has(scene_node_b(scene), "h1"));
	}
	assert_in_range(step, 7, 29);
}

static bool retain(struct provision_scene *scene, void *context)
{
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'spec':{'persistentVolumeReclaimPolicy':'Retain'}}");
	return true;
}

/* Step 5 is before the record's deletion, when the data are deleted already. */
static void keeps_the_record_that_an_administrator_retains_meanwhile(void **state)
{
	for (unsigned step = 1; step <= 5; step++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		set_up_released(scene, ON("node-b"));
		scene_at_step(scene, step, retain, NULL);
		scene_start(scene);
		for (int i = 0; i < 2000 && !scene_has_acted(scene); i++)
			usleep(1000);
		assert_true(scene_has_acted(scene));
		usleep(300000);
		CLEANUP_FREE char *deleted =
			fake_api_field(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
				       "metadata.deletionTimestamp");
		if (!scene_has_volume(scene, "www") || deleted)
			fail_msg("step %u: the record was deleted", step);
		assert_false(scene_has_event(scene, "VolumeFailedDelete", ""));
	}
}

static void asks_no_node_while_the_affinity_matches_two(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	set_up_released(scene, ON("node-a") "," ON("node-b"));
	scene_start(scene);
	assert_true(scene_wait_event(scene, "VolumeFailedDelete", "matches 2 nodes"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 0);
	assert_int_equal(fake_node_calls(scene_node_b(scene), "DeleteVolume"), 0);
	assert_true(fake_node_has(scene_node_b(scene), "h1"));
	/* The way out that the event names. */
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'spec':{'persistentVolumeReclaimPolicy':'Retain'}}");
	assert_true(scene_wait(scene, record_is_settled, "www"));
	assert_true(fake_node_has(scene_node_b(scene), "h1"));
}

static void finds_the_node_by_its_hostname(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_edit(scene_api(scene), &scene_nodes, "", "node-b",
		      "{'metadata':{'labels':{'kubernetes.io/hostname':'b.example'}}}");
	set_up_released(scene, "{'matchExpressions':[{'key':'kubernetes.io/hostname',"
			       "'operator':'In','values':['b.example']}]}");
	scene_start(scene);
	assert_true(scene_wait(scene, record_is_settled, "www"));
	assert_false(fake_node_has(scene_node_b(scene), "h1"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 0);
}

/* While the driver is not registered the Node's label says how it calls the node (requirement I4).
 */
static void finds_the_node_of_an_unregistered_driver_by_its_label(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_edit(scene_api(scene), &scene_nodes, "", "node-b",
		      "{'metadata':{'labels':{'topology.kentledge.io/node':'b-7'}}}");
	fake_api_edit(scene_api(scene), &scene_csi_nodes, "", "node-b", "{'spec':{'drivers':[]}}");
	set_up_released(scene, ON("b-7"));
	scene_start(scene);
	assert_true(scene_wait(scene, record_is_settled, "www"));
	assert_false(fake_node_has(scene_node_b(scene), "h1"));
}

static void set_up_released_since(struct provision_scene *scene, int seconds)
{
	char since[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s() - seconds, since);
	set_up_released(scene, ON("node-b"));
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'status':{'lastPhaseTransitionTime':'%s'}}", since);
}

/* The kubelet unmounts some time after the claim is gone (requirement I15). */
static void warns_of_a_mounted_volume_after_two_minutes(void **state)
{
	static const struct {
		int seconds;
		bool normal;
		bool warning;
	} rows[] = { { 0, false, false }, { 60, true, false }, { 150, false, true } };
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		set_up_released_since(scene, rows[i].seconds);
		fake_node_fail(scene_node_b(scene), "DeleteVolume", ERROR_IN_USE, false, 1);
		scene_start(scene);
		if (rows[i].normal || rows[i].warning)
			assert_true(scene_wait_event(
				scene, rows[i].warning ? "VolumeFailedDelete" : "VolumeDelete",
				""));
		else
			assert_true(scene_wait(scene, record_is_settled, "www"));
		assert_int_equal(scene_has_event(scene, "VolumeDelete", ""), rows[i].normal);
		assert_int_equal(scene_has_event(scene, "VolumeFailedDelete", ""), rows[i].warning);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deletes_once_while_another_takes_finalizers_off),
		cmocka_unit_test(keeps_the_record_that_an_administrator_retains_meanwhile),
		cmocka_unit_test(asks_no_node_while_the_affinity_matches_two),
		cmocka_unit_test(finds_the_node_by_its_hostname),
		cmocka_unit_test(finds_the_node_of_an_unregistered_driver_by_its_label),
		cmocka_unit_test(warns_of_a_mounted_volume_after_two_minutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
