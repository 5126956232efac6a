/* SPDX-License-Identifier: Apache-2.0 */

/* What the provisioner does for claims and volumes, on a good day and a bad one. */

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "kube/json.h"
#include "provision_scene.h"
#include "test.h"

static void assert_field(struct provision_scene *scene, const struct kind *kind,
			 const char *namespace, const char *name, const char *path,
			 const char *expected)
{
	CLEANUP_FREE char *value = fake_api_field(scene_api(scene), kind, namespace, name, path);
	if (!value && !expected)
		return;
	if (!value || !expected || strcmp(value, expected) != 0)
		fail_msg("%s: %s is %s instead of %s", name, path, value, expected);
}

static void makes_a_volume_on_the_selected_node_and_records_it(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_true(fake_node_has(scene_node_a(scene), "pvc-www-uid"));
	assert_int_equal(fake_node_count(scene_node_b(scene)), 0);
	assert_field(scene, &scene_volumes, "", "pvc-www-uid", "spec.claimRef.uid", "www-uid");
	assert_field(scene, &scene_volumes, "", "pvc-www-uid", "spec.capacity.storage", "1Gi");
	assert_field(scene, &scene_volumes, "", "pvc-www-uid", "spec.csi.volumeHandle",
		     "pvc-www-uid");
	assert_field(scene, &scene_claims, "default", "www", "metadata.finalizers", "[]");
	assert_true(scene_wait_event(
		scene, "Provisioning",
		"External provisioner is provisioning volume for claim \"default/www\""));
	assert_true(scene_wait_event(scene, "ProvisioningSucceeded",
				     "Successfully provisioned volume pvc-www-uid"));
}

static void asks_a_node_once_for_a_claim(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	usleep(50000);
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 1);
	assert_int_equal(fake_api_requests(scene_api(scene), "POST", "persistentvolumes"), 1);
}

static void places_an_immediate_claim_where_most_room_is(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_node_set_room(scene_node_a(scene), UINT64_C(2) << 30);
	fake_node_set_room(scene_node_b(scene), UINT64_C(9) << 30);
	scene_start(scene);
	scene_put_claim(scene, "www",
			"{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':null}},"
			"'spec':{'storageClassName':'now'}}");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_true(fake_node_has(scene_node_b(scene), "pvc-www-uid"));
	assert_int_equal(fake_node_count(scene_node_a(scene)), 0);
}

static void says_that_no_node_has_room_for_an_immediate_claim(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_node_set_room(scene_node_a(scene), UINT64_C(1) << 20);
	fake_node_set_room(scene_node_b(scene), UINT64_C(2) << 20);
	scene_start(scene);
	scene_put_claim(scene, "www", "{'spec':{'storageClassName':'now'}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "no node that was asked has room for 1Gi; the most that one "
				     "has is about 2Mi"));
	fake_node_set_room(scene_node_b(scene), UINT64_C(2) << 30);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
}

static void passes_on_what_a_node_has_against_an_immediate_claim(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_node_fail(scene_node_a(scene), "GetCapacity", ERROR_INVALID, false, 1000);
	fake_node_fail(scene_node_b(scene), "GetCapacity", ERROR_INVALID, false, 1000);
	scene_start(scene);
	scene_put_claim(scene, "www", "{'spec':{'storageClassName':'now'}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "StorageClass \"now\": node \"node-"));
	assert_false(scene_has_event(scene, "ProvisioningFailed", "could be asked"));
}

/* A class that a node can never serve has no room there: why is known to CreateVolume alone. */
static void asks_a_node_why_it_has_no_room_at_all(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_node_set_room(scene_node_a(scene), 0);
	fake_node_set_room(scene_node_b(scene), 0);
	fake_node_fail(scene_node_a(scene), "CreateVolume", ERROR_INVALID, false, 1000);
	fake_node_fail(scene_node_b(scene), "CreateVolume", ERROR_INVALID, false, 1000);
	scene_start(scene);
	scene_put_claim(scene, "www", "{'spec':{'storageClassName':'now'}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "StorageClass \"now\": node \"node-"));
	assert_false(scene_has_event(scene, "ProvisioningFailed", "no node has room"));
}

static void waits_for_the_scheduler(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	scene_put_claim(scene, "www",
			"{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':null}}}");
	usleep(50000);
	assert_int_equal(scene_steps(scene), 0);
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':"
		      "'node-b'}}}");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_true(fake_node_has(scene_node_b(scene), "pvc-www-uid"));
}

static void tells_the_user_which_field_cannot_be_served(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	scene_put_claim(scene, "www", "{'spec':{'accessModes':['ReadWriteMany']}}");
	assert_true(scene_wait_event(
		scene, "ProvisioningFailed",
		"failed to provision volume with StorageClass \"kentledge\": spec.accessModes"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 0);
	assert_field(scene, &scene_claims, "default", "www", "metadata.finalizers", NULL);
}

/* Anybody may invent names; each that was counted by would stay in memory. */
static void counts_under_names_of_classes_that_exist_only(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	scene_put_claim(scene, "www", "{'spec':{'storageClassName':'invented'}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "\"invented\" not found"));
	metric_render(&text);
	assert_null(strstr(text_string(&text), "invented"));
}

static void goes_on_when_the_missing_class_appears(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	scene_put_claim(scene, "www", "{'spec':{'storageClassName':'late'}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "storageclass.storage.k8s.io \"late\" not found"));
	fake_api_put(scene_api(scene), &scene_classes,
		     "{\"metadata\":{\"name\":\"late\"},\"provisioner\":\"kentledge.io\","
		     "\"volumeBindingMode\":\"WaitForFirstConsumer\"}");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
}

static bool is_unselected(struct provision_scene *scene, const char *claim)
{
	CLEANUP(json_object_putp)
	struct json_object *json = fake_api_read(scene_api(scene), &scene_claims, "default", claim);
	const char *text = json_object_to_json_string(json);
	return !strstr(text, "selected-node") && !strstr(text, "kentledge.io\\/provisioning");
}

static void lets_the_scheduler_choose_again_when_the_node_is_full(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_node_set_room(scene_node_a(scene), UINT64_C(1) << 20);
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, is_unselected, "www"));
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "pool has no room"));
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':"
		      "'node-b'}}}");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_int_equal(fake_node_count(scene_node_a(scene)), 0);
	assert_int_equal(fake_node_count(scene_node_b(scene)), 1);
}

static void lets_the_scheduler_choose_again_when_the_node_is_gone(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-a");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, is_unselected, "www"));
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "selected node \"node-a\" is not in the cluster"));
}

static void asks_the_same_node_again_while_the_outcome_is_unknown(void **state)
{
	static const enum error_code codes[] = { ERROR_TIMEOUT, ERROR_UNAVAILABLE, ERROR_BUSY };
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		fake_node_fail(scene_node_a(scene), "CreateVolume", codes[i], true, 2);
		scene_start(scene);
		scene_put_claim(scene, "www", NULL);
		assert_true(scene_wait(scene, scene_is_bound, "www"));
		assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 3);
		assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 0);
		assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
		assert_true(scene_wait_event(scene, "ProvisioningFailed", "node \"node-a\""));
	}
}

static void leaves_nothing_behind_after_a_final_error(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	/* The first call makes the volume, and its answer is lost; then the node refuses. */
	fake_node_add(scene_node_a(scene), "pvc-www-uid", 17);
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "exists with another size"));
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 1);
}

static void waits_before_it_repeats_what_failed(void **state)
{
	static const enum error_code codes[] = { ERROR_INVALID, ERROR_UNAVAILABLE };
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		scene_set_backoff(scene, 60000);
		fake_node_fail(scene_node_a(scene), "CreateVolume", codes[i], false, 1000);
		scene_start(scene);
		scene_put_claim(scene, "www", NULL);
		assert_true(scene_wait_event(scene, "ProvisioningFailed", "node \"node-a\""));
		usleep(300000);
		assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 1);
	}
}

static void takes_back_a_volume_that_came_out_too_small(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_node_set_shortfall(scene_node_a(scene), 4096);
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "less than the"));
	assert_false(scene_has_volume(scene, "www"));
	fake_node_set_shortfall(scene_node_a(scene), 0);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
}

static void says_when_a_node_does_not_answer_and_goes_on_when_it_does(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_node_stop(scene_node_a(scene));
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "node \"node-a\""));
	fake_node_serve(scene_node_a(scene));
	assert_true(scene_wait(scene, scene_is_bound, "www"));
}

static void says_when_a_node_has_no_plugin_and_goes_on_when_it_has(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-a", "{'endpoints':[]}");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "node \"node-a\": the node plugin has no address there"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 0);
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-a",
		      "{'endpoints':[{'nodeName':'node-a','addresses':['10.0.0.1']}]}");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
}

static void takes_another_clients_volume_of_its_name_for_no_success(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_put(scene_api(scene), &scene_volumes,
		     "{\"metadata\":{\"name\":\"pvc-www-uid\"},\"spec\":{\"claimRef\":"
		     "{\"namespace\":\"x\",\"name\":\"y\",\"uid\":\"z\"}}}");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "does not belong to this claim"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 0);
}

static void keeps_at_it_while_the_record_cannot_be_written(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_fail(scene_api(scene),
		      &(struct fake_api_failure) { .method = "POST",
						   .path_part = "persistentvolumes",
						   .how = FAKE_API_STATUS,
						   .status = 500,
						   .times = 5 });
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 0);
}

static void survives_conflicts_on_every_write(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	for (int i = 0; i < 3; i++)
		fake_api_fail_next(scene_api(scene), "PATCH", "persistentvolumeclaims",
				   FAKE_API_STATUS, 409);
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
	assert_false(scene_has_event(scene, "ProvisioningFailed", ""));
}

static void deletes_data_and_record_when_the_claim_goes(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	scene_delete(scene, &scene_claims, "www");
	assert_true(scene_wait(scene, scene_is_gone, "www"));
}

static void deletes_the_data_of_a_volume_that_is_deleted_before_its_claim(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	scene_delete(scene, &scene_volumes, "pvc-www-uid");
	usleep(50000);
	assert_true(fake_node_has(scene_node_a(scene), "pvc-www-uid"));
	scene_delete(scene, &scene_claims, "www");
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'status':{'phase':'Released'}}");
	assert_true(scene_wait(scene, scene_is_gone, "www"));
}

static void keeps_the_data_when_the_policy_is_retain(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'spec':{'persistentVolumeReclaimPolicy':'Retain'}}");
	assert_true(fake_api_wait_field(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
					"metadata.finalizers", "[]"));
	scene_delete(scene, &scene_claims, "www");
	scene_delete(scene, &scene_volumes, "pvc-www-uid");
	usleep(50000);
	assert_false(scene_has_volume(scene, "www"));
	assert_true(fake_node_has(scene_node_a(scene), "pvc-www-uid"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 0);
}

static void guards_a_volume_whose_policy_becomes_delete(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'metadata':{'finalizers':null}}");
	assert_true(fake_api_wait_field(
		scene_api(scene), &scene_volumes, "", "pvc-www-uid", "metadata.finalizers",
		"[\"external-provisioner.volume.kubernetes.io/finalizer\"]"));
}

static void says_why_a_volume_cannot_be_deleted_and_keeps_at_it(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	fake_node_fail(scene_node_a(scene), "DeleteVolume", ERROR_IN_USE, false, 3);
	scene_delete(scene, &scene_claims, "www");
	assert_true(scene_wait(scene, scene_is_gone, "www"));
	assert_true(scene_wait_event(scene, "VolumeFailedDelete", "node \"node-a\""));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 4);
}

static void posts_no_warning_while_the_kubelet_unmounts(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	fake_node_fail(scene_node_a(scene), "DeleteVolume", ERROR_IN_USE, false, 1);
	scene_delete(scene, &scene_claims, "www");
	char now[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s(), now);
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'status':{'phase':'Released','lastPhaseTransitionTime':'%s'}}", now);
	assert_true(scene_wait(scene, scene_is_gone, "www"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 2);
	assert_false(scene_has_event(scene, "VolumeFailedDelete", ""));
}

static void waits_for_a_node_that_holds_data_to_come_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	CLEANUP(json_object_putp)
	struct json_object *node = fake_api_read(scene_api(scene), &scene_nodes, "", "node-a");
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-a");
	usleep(20000);
	scene_delete(scene, &scene_claims, "www");
	fake_api_edit(scene_api(scene), &scene_volumes, "", "pvc-www-uid",
		      "{'status':{'phase':'Released'}}");
	assert_true(scene_wait_event(scene, "VolumeFailedDelete", "is not in the cluster"));
	assert_true(scene_has_volume(scene, "www"));
	fake_api_put(scene_api(scene), &scene_nodes, json_object_to_json_string(node));
	assert_true(scene_wait(scene, scene_is_gone, "www"));
}

static void serves_many_claims_at_once(void **state)
{
	enum { COUNT = 40 };
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	for (int i = 0; i < COUNT; i++) {
		CLEANUP_FREE char *name = must_printf("www-%d", i);
		scene_put_claim(scene, name, i % 2 ? NULL : "{'spec':{'storageClassName':'now'}}");
	}
	assert_true(fake_api_wait_count(scene_api(scene), &scene_volumes, COUNT));
	for (int i = 0; i < COUNT; i++) {
		CLEANUP_FREE char *name = must_printf("www-%d", i);
		assert_true(scene_wait(scene, scene_is_bound, name));
	}
	assert_int_equal(
		fake_node_count(scene_node_a(scene)) + fake_node_count(scene_node_b(scene)), COUNT);
}

static void counts_what_it_does_under_the_names_of_the_sidecars(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	metric_render(&text);
	static const char *const lines[] = {
		"controller_persistentvolumeclaim_provision_total{class=\"kentledge\",source=\"\"}",
		"controller_persistentvolumeclaim_provision_failed_total{class=\"kentledge\"",
		"controller_persistentvolumeclaim_provision_duration_seconds_bucket{",
		"controller_persistentvolume_delete_total{class=\"kentledge\"}",
		"csi_sidecar_operations_seconds_count{driver_name=\"kentledge.io\","
		"method_name=\"/csi.v1.Controller/CreateVolume\",grpc_status_code=\"OK\"}",
		"grpc_status_code=\"ResourceExhausted\"}",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (!strstr(text_string(&text), lines[i]))
			fail_msg("no %s", lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_a_volume_on_the_selected_node_and_records_it),
		cmocka_unit_test(asks_a_node_once_for_a_claim),
		cmocka_unit_test(places_an_immediate_claim_where_most_room_is),
		cmocka_unit_test(says_that_no_node_has_room_for_an_immediate_claim),
		cmocka_unit_test(passes_on_what_a_node_has_against_an_immediate_claim),
		cmocka_unit_test(asks_a_node_why_it_has_no_room_at_all),
		cmocka_unit_test(waits_for_the_scheduler),
		cmocka_unit_test(tells_the_user_which_field_cannot_be_served),
		cmocka_unit_test(counts_under_names_of_classes_that_exist_only),
		cmocka_unit_test(goes_on_when_the_missing_class_appears),
		cmocka_unit_test(lets_the_scheduler_choose_again_when_the_node_is_full),
		cmocka_unit_test(lets_the_scheduler_choose_again_when_the_node_is_gone),
		cmocka_unit_test(asks_the_same_node_again_while_the_outcome_is_unknown),
		cmocka_unit_test(leaves_nothing_behind_after_a_final_error),
		cmocka_unit_test(waits_before_it_repeats_what_failed),
		cmocka_unit_test(takes_back_a_volume_that_came_out_too_small),
		cmocka_unit_test(says_when_a_node_does_not_answer_and_goes_on_when_it_does),
		cmocka_unit_test(says_when_a_node_has_no_plugin_and_goes_on_when_it_has),
		cmocka_unit_test(takes_another_clients_volume_of_its_name_for_no_success),
		cmocka_unit_test(keeps_at_it_while_the_record_cannot_be_written),
		cmocka_unit_test(survives_conflicts_on_every_write),
		cmocka_unit_test(deletes_data_and_record_when_the_claim_goes),
		cmocka_unit_test(deletes_the_data_of_a_volume_that_is_deleted_before_its_claim),
		cmocka_unit_test(keeps_the_data_when_the_policy_is_retain),
		cmocka_unit_test(guards_a_volume_whose_policy_becomes_delete),
		cmocka_unit_test(says_why_a_volume_cannot_be_deleted_and_keeps_at_it),
		cmocka_unit_test(posts_no_warning_while_the_kubelet_unmounts),
		cmocka_unit_test(waits_for_a_node_that_holds_data_to_come_back),
		cmocka_unit_test(serves_many_claims_at_once),
		cmocka_unit_test(counts_what_it_does_under_the_names_of_the_sidecars),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
