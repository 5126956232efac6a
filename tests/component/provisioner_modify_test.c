/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A bound claim names another VolumeAttributesClass: the node gets its parameters, and the
 * PersistentVolume and the claim record it. A kill at any step leads to the same end.
 */

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "claim_scene.h"
#include "kube/json.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 100
#define VOLUME SCENE_VOLUME
#define ROLES "provision,reclaim,modify"
#define STATE "status.modifyVolumeStatus.status"
#define TARGET "status.modifyVolumeStatus.targetVolumeAttributesClassName"
#define CURRENT "status.currentVolumeAttributesClassName"
#define OF_VOLUME "spec.volumeAttributesClassName"

static void put_class(struct provision_scene *scene, const char *name, const char *driver,
		      const char *parameter, const char *value)
{
	fake_api_putf(scene_api(scene), &scene_attributes_classes,
		      "{'metadata':{'name':'%s'},'driverName':'%s','parameters':{'%s':'%s'}}", name,
		      driver, parameter, value);
}

/* gold and silver can be held, lead cannot, and tin is another driver's. */
static void put_classes(struct provision_scene *scene)
{
	put_class(scene, "gold", "kentledge.io", "readIops", "100");
	put_class(scene, "silver", "kentledge.io", "readIops", "50");
	put_class(scene, "lead", "kentledge.io", "impossible", "1");
	put_class(scene, "tin", "other.io", "readIops", "1");
}

static struct provision_scene *scene_with_classes(void)
{
	struct provision_scene *scene = scene_with_volume(ROLES);
	put_classes(scene);
	usleep(20000); /* what is left of making the volume */
	return scene;
}

static void restart_with_backoff(struct provision_scene *scene, uint32_t backoff_ms)
{
	scene_stop(scene);
	scene_set_backoff(scene, backoff_ms);
	scene_start(scene);
}

/* NULL: none. */
static void name_class(struct provision_scene *scene, const char *name)
{
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'spec':{'volumeAttributesClassName':%s%s%s}}", name ? "'" : "",
		      name ? name : "null", name ? "'" : "");
}

static size_t calls(struct provision_scene *scene)
{
	return fake_node_calls(scene_node_a(scene), "ControllerModifyVolume");
}

static void wait_for_calls(struct provision_scene *scene, size_t count)
{
	for (unsigned i = 0; i < 5000 && calls(scene) < count; i++)
		usleep(1000);
	assert_true(calls(scene) >= count);
}

static void assert_attributes(struct provision_scene *scene, const char *expected)
{
	CLEANUP_FREE char *attributes = fake_node_attributes(scene_node_a(scene), VOLUME);
	assert_string_equal(attributes, expected);
}

static void assert_has_class(struct provision_scene *scene, const char *name)
{
	assert_true(scene_claim_field_is(scene, CURRENT, name));
	assert_true(scene_claim_field_is(scene, "status.modifyVolumeStatus", NULL));
	assert_true(scene_volume_field_is(scene, OF_VOLUME, name));
	assert_false(scene_has_condition(scene, "ModifyingVolume"));
	assert_false(scene_has_condition(scene, "ModifyVolumeError"));
}

/* Requirements B5, B7 and L5. */
static void a_volume_gets_the_class_that_its_claim_names(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	size_t statuses = scene_status_patches(scene);
	size_t volumes = fake_api_requests(scene_api(scene), "PATCH", "persistentvolumes/" VOLUME);
	name_class(scene, "gold");
	assert_has_class(scene, "gold");
	assert_attributes(scene, "readIops=100");
	assert_int_equal(calls(scene), 1);
	assert_true(scene_wait_event(scene, "VolumeModify", "gold"));
	assert_true(scene_wait_event(scene, "VolumeModifySuccessful", "gold"));
	assert_int_equal(scene_status_patches(scene) - statuses, 2);
	assert_int_equal(fake_api_requests(scene_api(scene), "PATCH", "persistentvolumes/" VOLUME) -
				 volumes,
			 1);
	name_class(scene, "silver");
	assert_has_class(scene, "silver");
	assert_attributes(scene, "readIops=50");
	usleep(50000);
	assert_int_equal(calls(scene), 2);
}

/* Requirement B3. */
static void a_class_that_is_missing_is_waited_for(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 60000);
	name_class(scene, "bronze");
	assert_true(scene_claim_field_is(scene, STATE, "Pending"));
	assert_true(scene_claim_field_is(scene, TARGET, "bronze"));
	assert_true(scene_wait_event(scene, "VolumeModifyFailed", "bronze"));
	assert_false(scene_has_condition(scene, "ModifyingVolume"));
	assert_int_equal(calls(scene), 0);
	put_class(scene, "bronze", "kentledge.io", "readIops", "10");
	assert_has_class(scene, "bronze");
}

/* Requirement B4. */
static void a_class_of_another_driver_is_not_sent(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	name_class(scene, "tin");
	assert_true(scene_claim_field_is(scene, STATE, "Infeasible"));
	assert_true(scene_wait_condition(scene, "ModifyVolumeError", true));
	assert_true(scene_wait_event(scene, "VolumeModifyFailed", "other.io"));
	size_t patches = scene_status_patches(scene);
	usleep(300000); /* many times the back-off */
	assert_int_equal(scene_status_patches(scene), patches);
	assert_int_equal(calls(scene), 0);
	name_class(scene, "gold");
	assert_has_class(scene, "gold");
}

/* Requirements B8 and Z8. */
static void an_infeasible_class_is_tried_rarely_and_another_one_at_once(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 1000);
	size_t patches = scene_status_patches(scene);
	name_class(scene, "lead");
	assert_true(scene_claim_field_is(scene, STATE, "Infeasible"));
	assert_true(scene_wait_condition(scene, "ModifyVolumeError", true));
	assert_true(scene_has_condition(scene, "InvalidArgument"));
	assert_true(scene_wait_event(scene, "VolumeModifyFailed", "cannot be held"));
	usleep(1200000); /* longer than the first back-off */
	assert_int_equal(calls(scene), 1);
	assert_int_equal(scene_status_patches(scene) - patches, 2);
	/* Nor when its node or the volume changes. */
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-a",
		      "{'metadata':{'labels':{'touched':'1'}}}");
	fake_api_edit(scene_api(scene), &scene_nodes, "", "node-a",
		      "{'metadata':{'labels':{'touched':'1'}}}");
	usleep(100000);
	assert_int_equal(calls(scene), 1);
	name_class(scene, "gold");
	assert_has_class(scene, "gold");
	assert_int_equal(calls(scene), 2);
}

static void another_refusal_is_recorded_and_tried_again(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 300);
	fake_node_fail(scene_node_a(scene), "ControllerModifyVolume", ERROR_INTERNAL, false, 1);
	name_class(scene, "gold");
	assert_true(scene_wait_condition(scene, "ModifyVolumeError", true));
	assert_true(scene_has_condition(scene, "Internal"));
	assert_true(scene_claim_field_is(scene, STATE, "InProgress"));
	assert_has_class(scene, "gold");
	assert_int_equal(calls(scene), 2);
}

/* It is known that nothing is pending, so the target may change at once. */
static void after_a_refusal_another_class_is_sent_at_once(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 60000);
	fake_node_fail(scene_node_a(scene), "ControllerModifyVolume", ERROR_INTERNAL, false, 1);
	name_class(scene, "gold");
	assert_true(scene_wait_condition(scene, "ModifyVolumeError", true));
	name_class(scene, "silver");
	assert_has_class(scene, "silver");
	assert_int_equal(calls(scene), 2);
	assert_false(scene_has_event(scene, "VolumeModifySuccessful", "gold"));
}

/* Requirement B9. */
static void the_target_stays_while_the_outcome_is_unknown(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 300);
	fake_node_fail(scene_node_a(scene), "ControllerModifyVolume", ERROR_TIMEOUT, true, 1);
	name_class(scene, "gold");
	wait_for_calls(scene, 1);
	name_class(scene, "silver");
	assert_has_class(scene, "silver");
	assert_attributes(scene, "readIops=50");
	assert_true(scene_has_event(scene, "VolumeModifySuccessful", "gold"));
	assert_int_equal(calls(scene), 3);
}

/* A process that finds the claim so has no answer, whatever the condition says. */
static void another_process_sends_the_same_class_once_more(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 60000);
	fake_node_fail(scene_node_a(scene), "ControllerModifyVolume", ERROR_INTERNAL, false, 1);
	name_class(scene, "gold");
	assert_true(scene_wait_condition(scene, "ModifyVolumeError", true));
	scene_stop(scene);
	name_class(scene, "silver");
	scene_start(scene);
	assert_has_class(scene, "silver");
	assert_true(scene_has_event(scene, "VolumeModifySuccessful", "gold"));
	assert_int_equal(calls(scene), 3);
}

static void set_address(struct provision_scene *scene, bool there)
{
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-a", "{'endpoints':[%s]}",
		      there ? "{'nodeName':'node-a','addresses':['10.0.0.1'],"
			      "'conditions':{'ready':true}}"
			    : "");
}

static void waits_for_the_node_and_goes_on_when_it_is_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 60000);
	set_address(scene, false);
	usleep(20000);
	name_class(scene, "gold");
	assert_true(scene_wait_event(scene, "VolumeModifyFailed", "node-a"));
	assert_true(scene_claim_field_is(scene, STATE, NULL)); /* nothing has begun */
	set_address(scene, true);
	assert_has_class(scene, "gold");
	assert_int_equal(calls(scene), 1);
}

/* Requirement B10. */
static void an_unknown_outcome_is_asked_for_when_the_node_is_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 60000);
	fake_node_fail(scene_node_a(scene), "ControllerModifyVolume", ERROR_UNAVAILABLE, true, 1);
	name_class(scene, "gold");
	assert_true(scene_wait_event(scene, "VolumeModifyFailed", "UNAVAILABLE"));
	assert_true(scene_claim_field_is(scene, STATE, "InProgress"));
	set_address(scene, false);
	usleep(20000);
	set_address(scene, true);
	assert_has_class(scene, "gold");
	assert_int_equal(calls(scene), 2);
}

/* Requirement B11. */
static void a_change_that_was_never_made_is_taken_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	name_class(scene, "lead");
	assert_true(scene_wait_condition(scene, "ModifyVolumeError", true));
	name_class(scene, NULL);
	assert_true(scene_wait_condition(scene, "ModifyingVolume", false));
	assert_true(scene_wait_event(scene, "VolumeModifyCanceled", "lead"));
	assert_true(scene_claim_field_is(scene, TARGET, "lead"));
	size_t before = calls(scene), patches = scene_status_patches(scene);
	usleep(300000);
	assert_int_equal(calls(scene), before);
	assert_int_equal(scene_status_patches(scene), patches);
	name_class(scene, "gold");
	assert_has_class(scene, "gold");
}

static void a_change_under_way_is_not_taken_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 300);
	fake_node_fail(scene_node_a(scene), "ControllerModifyVolume", ERROR_UNAVAILABLE, true, 1);
	name_class(scene, "gold");
	wait_for_calls(scene, 1);
	name_class(scene, NULL);
	assert_has_class(scene, "gold");
}

/* Requirement B12. */
static void the_old_class_is_sent_again_after_an_impossible_one(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	name_class(scene, "gold");
	assert_has_class(scene, "gold");
	name_class(scene, "lead");
	assert_true(scene_claim_field_is(scene, STATE, "Infeasible"));
	size_t before = calls(scene);
	name_class(scene, "gold");
	assert_has_class(scene, "gold");
	assert_attributes(scene, "readIops=100");
	assert_true(calls(scene) > before);
}

/* Requirement B16. */
static void growth_and_change_do_not_disturb_each_other(void **state)
{
	CLEANUP(scene_freep)
	struct provision_scene *scene = scene_with_volume(ROLES ",resize");
	put_classes(scene);
	usleep(20000);
	fake_node_fail(scene_node_a(scene), "ControllerModifyVolume", ERROR_UNAVAILABLE, true, 2);
	fake_node_fail(scene_node_a(scene), "ControllerExpandVolume", ERROR_UNAVAILABLE, true, 2);
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'spec':{'volumeAttributesClassName':'gold',"
		      "'resources':{'requests':{'storage':'2Gi'}}}}");
	assert_has_class(scene, "gold");
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "2Gi"));
	assert_true(scene_volume_field_is(scene, "spec.capacity.storage", "2Gi"));
	assert_true(scene_wait_condition(scene, "Resizing", false));
	assert_attributes(scene, "readIops=100");
	/* One fails for good while the other succeeds. */
	name_class(scene, "lead");
	assert_true(scene_wait_condition(scene, "ModifyVolumeError", true));
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'spec':{'resources':{'requests':{'storage':'3Gi'}}}}");
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "3Gi"));
	assert_true(scene_has_condition(scene, "ModifyVolumeError"));
	assert_true(scene_claim_field_is(scene, TARGET, "lead"));
}

static void a_claim_with_an_odd_condition_is_changed(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'status':{'conditions':[{'type':'','status':''},{'message':7},"
		      "{'type':'Unused','status':'True'}]}}");
	name_class(scene, "gold");
	assert_has_class(scene, "gold");
	assert_true(scene_has_condition(scene, "Unused"));
}

static unsigned kill_at_every_step(const char *class)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
		scene_at_step(scene, step, scene_kill, NULL);
		name_class(scene, class);
		for (unsigned i = 0; i < 500 && !scene_has_acted(scene); i++)
			usleep(1000);
		bool died = scene_has_acted(scene);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		if (strcmp(class, "lead") == 0) {
			assert_true(scene_claim_field_is(scene, STATE, "Infeasible"));
			name_class(scene, "gold"); /* and out of it again */
		}
		if (!scene_claim_field_is(scene, CURRENT, "gold"))
			fail_msg("killed at step %u: %s", step, scene_conditions(scene));
		assert_has_class(scene, "gold");
		assert_attributes(scene, "readIops=100");
		if (!died)
			return step - 1;
	}
	fail_msg("no end of steps");
	return 0;
}

/* Requirement Z3. */
static void killed_anywhere_it_ends_as_without(void **state)
{
	unsigned points = kill_at_every_step("gold");
	/* Status, call, PersistentVolume, status; before and after each. */
	assert_true(points >= 8);
	points += kill_at_every_step("lead");
	step_tell("changes", points);
}

static bool delete_claim(struct provision_scene *scene, void *context)
{
	scene_delete(scene, &scene_claims, "www");
	return true;
}

static void a_claim_that_is_deleted_meanwhile_ends_the_change(void **state)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
		scene_at_step(scene, step, delete_claim, NULL);
		name_class(scene, "gold");
		for (unsigned i = 0; i < 500 && !scene_has_acted(scene); i++)
			usleep(1000);
		bool acted = scene_has_acted(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_delete(scene, &scene_claims, "www");
		if (!scene_wait(scene, scene_is_gone, "www"))
			fail_msg("deleted at step %u: something is left", step);
		if (!acted)
			return;
	}
	fail_msg("no end of steps");
}

static void standing_conflicts_make_no_hot_loop(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	restart_with_backoff(scene, 1000);
	fake_api_fail(scene_api(scene), &(struct fake_api_failure) { .method = "PATCH",
								     .path_part = "www/status",
								     .how = FAKE_API_STATUS,
								     .status = 409,
								     .times = 1000 });
	size_t patches = scene_status_patches(scene);
	name_class(scene, "gold");
	usleep(2000000);
	assert_in_range(scene_status_patches(scene) - patches, 1, 3);
	assert_int_equal(calls(scene), 0);
}

static void put_secret(struct provision_scene *scene, const char *name, const char *value)
{
	fake_api_putf(scene_api(scene), &scene_secrets,
		      "{'metadata':{'name':'%s','namespace':'default'},'data':{'word':'%s'}}", name,
		      value);
}

/* Requirement B6. */
static void the_secret_of_a_volume_goes_with_the_call(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	fake_api_edit(scene_api(scene), &scene_volumes, "", VOLUME,
		      "{'spec':{'csi':{'controllerExpandSecretRef':{'name':'growth',"
		      "'namespace':'default'}}}}");
	usleep(50000);
	name_class(scene, "gold");
	assert_true(scene_wait_event(scene, "VolumeModifyFailed", "controllerExpandSecretRef"));
	assert_int_equal(calls(scene), 0);
	assert_true(scene_claim_field_is(scene, STATE, NULL)); /* nothing has begun */
	put_secret(scene, "growth", "c2VzYW1l");
	assert_has_class(scene, "gold");
	CLEANUP_FREE char *sent = fake_node_secrets(scene_node_a(scene), "ControllerModifyVolume");
	assert_string_equal(sent, "word=sesame");
	put_secret(scene, "own", "b3Blbg==");
	fake_api_edit(scene_api(scene), &scene_volumes, "", VOLUME,
		      "{'metadata':{'annotations':{"
		      "'volume.kubernetes.io/controller-modify-secret-name':'own',"
		      "'volume.kubernetes.io/controller-modify-secret-namespace':'default'}}}");
	usleep(50000);
	name_class(scene, "silver");
	assert_has_class(scene, "silver");
	CLEANUP_FREE char *own = fake_node_secrets(scene_node_a(scene), "ControllerModifyVolume");
	assert_string_equal(own, "word=open");
	assert_false(scene_has_event(scene, "VolumeModifyFailed", "sesame"));
}

static void claim_and_volume_are_named_where_that_is_wanted(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_classes();
	scene_set_extra_modify_metadata(scene);
	restart_with_backoff(scene, 5);
	name_class(scene, "gold");
	assert_has_class(scene, "gold");
	assert_attributes(scene, "readIops=100,csi.storage.k8s.io/pvc/name=www,"
				 "csi.storage.k8s.io/pvc/namespace=default,"
				 "csi.storage.k8s.io/pv/name=" VOLUME);
}

/* Requirements B13 and B14. */
static void a_volume_is_made_with_the_class_of_its_claim(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_roles(scene, ROLES);
	scene_set_backoff(scene, 60000);
	scene_start(scene);
	scene_put_claim(scene, "www", "{'spec':{'volumeAttributesClassName':'gold'}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "gold"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 0);
	put_class(scene, "gold", "kentledge.io", "readIops", "100");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_has_class(scene, "gold");
	assert_attributes(scene, "readIops=100");
	usleep(50000);
	assert_int_equal(calls(scene), 0);
	put_class(scene, "tin", "other.io", "readIops", "1");
	scene_put_claim(scene, "other", "{'spec':{'volumeAttributesClassName':'tin'}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "driver other.io"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 1);
}

/* Requirement Z11. */
static void where_classes_are_not_served_the_rest_goes_on(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_set_served(scene_api(scene), &scene_attributes_classes, false);
	scene_set_roles(scene, ROLES ",resize");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	name_class(scene, "gold");
	assert_true(scene_wait_event(scene, "VolumeModifyFailed", "does not serve"));
	assert_true(scene_claim_field_is(scene, STATE, NULL));
	scene_put_claim(scene, "other", "{'spec':{'volumeAttributesClassName':'gold'}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "does not serve"));
	usleep(300000);
	assert_int_equal(fake_api_requests(scene_api(scene), NULL, "/volumeattributesclasses"), 1);
}

int main(void)
{
	log_set_level(LOG_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_gets_the_class_that_its_claim_names),
		cmocka_unit_test(a_class_that_is_missing_is_waited_for),
		cmocka_unit_test(a_class_of_another_driver_is_not_sent),
		cmocka_unit_test(an_infeasible_class_is_tried_rarely_and_another_one_at_once),
		cmocka_unit_test(another_refusal_is_recorded_and_tried_again),
		cmocka_unit_test(after_a_refusal_another_class_is_sent_at_once),
		cmocka_unit_test(the_target_stays_while_the_outcome_is_unknown),
		cmocka_unit_test(another_process_sends_the_same_class_once_more),
		cmocka_unit_test(waits_for_the_node_and_goes_on_when_it_is_back),
		cmocka_unit_test(an_unknown_outcome_is_asked_for_when_the_node_is_back),
		cmocka_unit_test(a_change_that_was_never_made_is_taken_back),
		cmocka_unit_test(a_change_under_way_is_not_taken_back),
		cmocka_unit_test(the_old_class_is_sent_again_after_an_impossible_one),
		cmocka_unit_test(growth_and_change_do_not_disturb_each_other),
		cmocka_unit_test(a_claim_with_an_odd_condition_is_changed),
		cmocka_unit_test(killed_anywhere_it_ends_as_without),
		cmocka_unit_test(a_claim_that_is_deleted_meanwhile_ends_the_change),
		cmocka_unit_test(standing_conflicts_make_no_hot_loop),
		cmocka_unit_test(the_secret_of_a_volume_goes_with_the_call),
		cmocka_unit_test(claim_and_volume_are_named_where_that_is_wanted),
		cmocka_unit_test(a_volume_is_made_with_the_class_of_its_claim),
		cmocka_unit_test(where_classes_are_not_served_the_rest_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
