/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A bound claim asks for more: the node grows the volume, the PersistentVolume gets the capacity,
 * and the kubelet (played by the test) does the rest. A kill at any step leads to the same end.
 */

#include <stdio.h>
#include <stdlib.h>
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
#define GI (UINT64_C(1) << 30)
#define VOLUME SCENE_VOLUME
#define ROLES "provision,reclaim,resize"

#define GROWTH_STATE "status.allocatedResourceStatuses.storage"

static void ask_for(struct provision_scene *scene, const char *size)
{
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'spec':{'resources':{'requests':{'storage':'%s'}}}}", size);
}

static size_t calls(struct provision_scene *scene)
{
	return fake_node_calls(scene_node_a(scene), "ControllerExpandVolume");
}

static char *annotation_of(struct provision_scene *scene, const struct kind *kind,
			   const char *namespace, const char *name, const char *key)
{
	CLEANUP(json_object_putp)
	struct json_object *object = fake_api_read(scene_api(scene), kind, namespace, name);
	struct json_object *annotations = json_find(object, "metadata.annotations");
	struct json_object *value = json_object_object_get(annotations, key);
	return value ? must_strdup(json_object_get_string(value)) : NULL;
}

static bool is_noted(struct provision_scene *scene)
{
	CLEANUP_FREE char *noted = annotation_of(scene, &scene_volumes, "", VOLUME,
						 "volume.alpha.kubernetes.io/pre-resize-capacity");
	return noted != NULL;
}

static void wait_for_calls(struct provision_scene *scene, size_t count)
{
	for (unsigned i = 0; i < 5000 && calls(scene) < count; i++)
		usleep(1000);
	assert_true(calls(scene) >= count);
}

static void a_volume_without_a_file_system_grows_at_once(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	ask_for(scene, "2Gi");
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "2Gi"));
	assert_true(scene_volume_field_is(scene, "spec.capacity.storage", "2Gi"));
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, NULL));
	assert_true(scene_claim_field_is(scene, "status.allocatedResources.storage", "2Gi"));
	assert_false(scene_has_condition(scene, "Resizing"));
	assert_int_equal(fake_node_size(scene_node_a(scene), VOLUME), 2 * GI);
	assert_int_equal(calls(scene), 1);
	CLEANUP_FREE char *annotation =
		annotation_of(scene, &scene_claims, "default", "www",
			      "volume.kubernetes.io/node-expansion-not-required");
	assert_string_equal(annotation, "true");
	assert_false(is_noted(scene));
	assert_true(scene_wait_event(scene, "Resizing", VOLUME));
	assert_true(scene_wait_event(scene, "VolumeResizeSuccessful", ""));
}

static void a_file_system_is_left_to_the_kubelet(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	fake_node_set_grows_file_systems(scene_node_a(scene), true);
	ask_for(scene, "2Gi");
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, "NodeResizePending"));
	assert_true(scene_volume_field_is(scene, "spec.capacity.storage", "2Gi"));
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "1Gi"));
	assert_true(scene_has_condition(scene, "FileSystemResizePending"));
	assert_false(scene_has_condition(scene, "Resizing"));
	assert_true(is_noted(scene));
	assert_true(scene_wait_event(scene, "FileSystemResizeRequired", ""));
	/* The kubelet. */
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'status':{'allocatedResourceStatuses':null,'conditions':null,"
		      "'capacity':{'storage':'2Gi'}}}");
	for (unsigned i = 0; i < 5000 && is_noted(scene); i++)
		usleep(1000);
	assert_false(is_noted(scene));
	usleep(50000);
	assert_int_equal(calls(scene), 1);
}

/* Requirement A20. */
static void a_request_that_is_lowered_again_is_served(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	fake_node_set_room(scene_node_a(scene), 4 * GI);
	ask_for(scene, "10Gi");
	assert_true(scene_wait_condition(scene, "ControllerResizeError", true));
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, "ControllerResizeInProgress"));
	assert_true(scene_wait_event(scene, "VolumeResizeFailed", "no room"));
	ask_for(scene, "2Gi");
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "2Gi"));
	assert_true(scene_volume_field_is(scene, "spec.capacity.storage", "2Gi"));
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, NULL));
	assert_false(scene_has_condition(scene, "ControllerResizeError"));
	assert_false(scene_has_condition(scene, "Resizing"));
	assert_int_equal(fake_node_size(scene_node_a(scene), VOLUME), 2 * GI);
}

/* The next leader reads it from the claim. */
static void a_refusal_outlives_the_process(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	fake_node_set_room(scene_node_a(scene), 4 * GI);
	ask_for(scene, "10Gi");
	assert_true(scene_wait_condition(scene, "ControllerResizeError", true));
	scene_stop(scene);
	ask_for(scene, "2Gi");
	size_t before = calls(scene);
	scene_start(scene);
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "2Gi"));
	assert_int_equal(calls(scene), before + 1);
}

/* The volume may have grown, so the size that was asked for stands until the answer is known. */
static void a_lost_answer_is_asked_for_again(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	fake_node_fail(scene_node_a(scene), "ControllerExpandVolume", ERROR_UNAVAILABLE, true, 1);
	ask_for(scene, "3Gi");
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "3Gi"));
	assert_int_equal(calls(scene), 2);
	assert_true(scene_wait_event(scene, "VolumeResizeFailed", "UNAVAILABLE"));
}

static void an_infeasible_size_is_retried_rarely_and_a_new_request_at_once(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	scene_stop(scene);
	scene_set_backoff(scene, 60000);
	scene_start(scene);
	fake_node_fail(scene_node_a(scene), "ControllerExpandVolume", ERROR_RANGE, false, 1);
	ask_for(scene, "9Gi");
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, "ControllerResizeInfeasible"));
	assert_true(scene_wait_condition(scene, "ControllerResizeError", true));
	usleep(100000);
	assert_int_equal(calls(scene), 1);
	ask_for(scene, "2Gi"); /* at once */
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "2Gi"));
	assert_int_equal(calls(scene), 2);
	assert_false(scene_has_condition(scene, "ControllerResizeError"));
}

/* Requirement A28. */
static void two_requests_in_a_row_take_two_calls(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	ask_for(scene, "2Gi");
	ask_for(scene, "3Gi");
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "3Gi"));
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, NULL));
	assert_true(scene_volume_field_is(scene, "spec.capacity.storage", "3Gi"));
	assert_true(calls(scene) <= 2);
}

/* Unless the step is one of making the volume still. */
static bool raise_request(struct provision_scene *scene, void *context)
{
	CLEANUP_FREE char *now = fake_api_field(scene_api(scene), &scene_claims, "default", "www",
						"spec.resources.requests.storage");
	if (strcmp(now, "2Gi") == 0)
		ask_for(scene, "3Gi");
	return true;
}

static const char *request_of(struct provision_scene *scene)
{
	static char text[32];
	CLEANUP_FREE char *request = fake_api_field(scene_api(scene), &scene_claims, "default",
						    "www", "spec.resources.requests.storage");
	snprintf(text, sizeof(text), "%s", request);
	return text;
}

static bool has_what_it_asks_for(struct provision_scene *scene)
{
	CLEANUP_FREE char *capacity = fake_api_field(scene_api(scene), &scene_claims, "default",
						     "www", "status.capacity.storage");
	return strcmp(request_of(scene), capacity) == 0;
}

/* At each step of a growth the user asks for more. */
static void a_request_that_is_raised_meanwhile_is_served_too(void **state)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
		scene_at_step(scene, step, raise_request, NULL);
		ask_for(scene, "2Gi");
		for (unsigned i = 0; i < 5000 && !has_what_it_asks_for(scene); i++)
			usleep(1000);
		if (!has_what_it_asks_for(scene))
			fail_msg("raised at step %u: not served", step);
		assert_true(scene_claim_field_is(scene, GROWTH_STATE, NULL));
		bool raised = scene_has_acted(scene);
		scene_at_step(scene, 0, NULL, NULL);
		assert_true(
			scene_claim_field_is(scene, "status.capacity.storage", request_of(scene)));
		if (!raised)
			return;
		assert_true(calls(scene) <= 2);
	}
	fail_msg("no end of steps");
}

/* Requirement A29: by event, not by back-off. */
static void waits_for_the_node_and_goes_on_when_it_is_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	scene_stop(scene);
	scene_set_backoff(scene, 60000);
	scene_start(scene);
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-a", "{'endpoints':[]}");
	usleep(20000);
	ask_for(scene, "2Gi");
	assert_true(scene_wait_event(scene, "VolumeResizeFailed", "node \\\"node-a\\\"") ||
		    scene_wait_event(scene, "VolumeResizeFailed", "node \"node-a\""));
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, NULL)); /* nothing has begun */
	assert_int_equal(calls(scene), 0);
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-a",
		      "{'endpoints':[{'nodeName':'node-a','addresses':['10.0.0.1'],"
		      "'conditions':{'ready':true}}]}");
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "2Gi"));
}

static bool delete_claim(struct provision_scene *scene, void *context)
{
	scene_delete(scene, &scene_claims, "www");
	return !context || scene_kill(scene, NULL);
}

/* Requirement A26; with the process, or without. */
static void delete_at_every_step(bool and_kill)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
		usleep(20000);
		scene_at_step(scene, step, delete_claim, and_kill ? scene : NULL);
		ask_for(scene, "2Gi");
		for (unsigned i = 0; i < 500 && !scene_has_acted(scene); i++)
			usleep(1000);
		bool acted = scene_has_acted(scene);
		scene_at_step(scene, 0, NULL, NULL);
		if (and_kill || !acted) {
			scene_stop(scene);
			scene_delete(scene, &scene_claims, "www");
			scene_start(scene);
		}
		if (!scene_wait(scene, scene_is_gone, "www"))
			fail_msg("deleted at step %u: something is left", step);
		if (!acted)
			return;
	}
	fail_msg("no end of steps");
}

static void a_claim_that_is_deleted_meanwhile_ends_the_growth(void **state)
{
	delete_at_every_step(false);
	delete_at_every_step(true);
}

static void assert_end(struct provision_scene *scene, bool file_system, unsigned step)
{
	bool ended = file_system ? scene_claim_field_is(scene, GROWTH_STATE, "NodeResizePending")
				 : scene_claim_field_is(scene, "status.capacity.storage", "2Gi");
	if (!ended || !scene_volume_field_is(scene, "spec.capacity.storage", "2Gi"))
		fail_msg("killed at step %u: %s", step, scene_conditions(scene));
	assert_true(scene_claim_field_is(scene, "status.capacity.storage",
					 file_system ? "1Gi" : "2Gi"));
	assert_true(scene_claim_field_is(scene, GROWTH_STATE,
					 file_system ? "NodeResizePending" : NULL));
	assert_int_equal(is_noted(scene), file_system);
	assert_int_equal(scene_has_condition(scene, "FileSystemResizePending"), file_system);
	assert_false(scene_has_condition(scene, "Resizing"));
	assert_int_equal(fake_node_size(scene_node_a(scene), VOLUME), 2 * GI);
}

static unsigned kill_at_every_step(bool file_system)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
		fake_node_set_grows_file_systems(scene_node_a(scene), file_system);
		usleep(20000); /* what is left of making the volume */
		scene_at_step(scene, step, scene_kill, NULL);
		ask_for(scene, "2Gi");
		for (unsigned i = 0; i < 500 && !scene_has_acted(scene); i++)
			usleep(1000);
		bool died = scene_has_acted(scene);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		assert_end(scene, file_system, step);
		if (!died)
			return step - 1;
	}
	fail_msg("no end of steps");
	return 0;
}

/* Requirement Z3. */
static void killed_anywhere_it_ends_as_without(void **state)
{
	unsigned points = kill_at_every_step(true) + kill_at_every_step(false);
	step_tell("growth", points);
	/* Status, call, record, status; before and after each. */
	assert_true(points >= 16);
}

/* A webhook that takes every write of ours back must not make us write for ever. */
static void undo(void *context, const char *collection, struct json_object *object)
{
	if (strcmp(collection, "/api/v1/persistentvolumeclaims") != 0)
		return;
	struct json_object *status = json_find(object, "status");
	if (json_find(status, "capacity"))
		json_set_string(json_find(status, "capacity"), "storage", "1Gi");
	json_object_object_del(status, "allocatedResources");
	json_object_object_del(status, "allocatedResourceStatuses");
	json_object_object_del(status, "conditions");
}

/* With the back-off of production, a second at first. */
static struct provision_scene *scene_with_slow_retries(void)
{
	struct provision_scene *scene = scene_with_volume(ROLES);
	scene_stop(scene);
	scene_set_backoff(scene, 1000);
	scene_start(scene);
	return scene;
}

static void a_webhook_that_undoes_it_makes_no_hot_loop(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_slow_retries();
	fake_api_set_webhook(scene_api(scene), undo, NULL);
	ask_for(scene, "2Gi");
	wait_for_calls(scene, 1);
	size_t before = scene_status_patches(scene);
	usleep(3000000);
	assert_true(scene_status_patches(scene) - before <= 3);
	assert_true(calls(scene) <= 3);
	fake_api_set_webhook(scene_api(scene), NULL, NULL);
}

static void standing_conflicts_make_no_hot_loop(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_slow_retries();
	fake_api_fail(scene_api(scene), &(struct fake_api_failure) { .method = "PATCH",
								     .path_part = "www/status",
								     .how = FAKE_API_STATUS,
								     .status = 409,
								     .times = 1000 });
	ask_for(scene, "2Gi");
	usleep(4000000);
	assert_true(scene_status_patches(scene) <= 5);
	assert_int_equal(calls(scene), 0);
}

/* Another writer is always faster when the refusal is to be recorded. */
static bool touch_claim(struct provision_scene *scene, void *context)
{
	static unsigned count;
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'metadata':{'annotations':{'touched':'%u'}}}", ++count);
	return true;
}

static void a_refusal_is_recorded_although_the_claim_changes_meanwhile(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	scene_stop(scene);
	scene_set_backoff(scene, 60000);
	scene_start(scene);
	fake_node_set_room(scene_node_a(scene), 4 * GI);
	/* The call to the node comes after the status: after its two steps. */
	usleep(20000);
	scene_at_step(scene, 3, touch_claim, NULL);
	ask_for(scene, "10Gi");
	assert_true(scene_wait_condition(scene, "ControllerResizeError", true));
	assert_true(scene_has_acted(scene));
	assert_int_equal(calls(scene), 1);
}

/* Requirement A19, with a copy of the volumes that lags. */
static void a_note_is_removed_although_it_is_seen_late(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'spec':{'resources':{'requests':{'storage':'2Gi'}}},"
		      "'status':{'capacity':{'storage':'2Gi'}}}");
	fake_api_edit(scene_api(scene), &scene_volumes, "", VOLUME,
		      "{'spec':{'capacity':{'storage':'2Gi'}},'metadata':{'annotations':{"
		      "'volume.alpha.kubernetes.io/pre-resize-capacity':'1Gi'}}}");
	for (unsigned i = 0; i < 5000 && is_noted(scene); i++)
		usleep(1000);
	assert_false(is_noted(scene));
	assert_int_equal(calls(scene), 0);
}

/* Requirement A24: the kubelet could not grow the file system, and then learned of another request.
 */
static void a_claim_that_the_kubelet_gives_back_is_grown_further(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	fake_node_set_grows_file_systems(scene_node_a(scene), true);
	ask_for(scene, "2Gi");
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, "NodeResizePending"));
	ask_for(scene, "3Gi"); /* not before the kubelet is through */
	usleep(50000);
	assert_int_equal(calls(scene), 1);
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'status':{'allocatedResourceStatuses':{'storage':"
		      "'NodeResizeInfeasible'}}}");
	wait_for_calls(scene, 2);
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, "NodeResizePending"));
}

/* A node rounds up; the kubelet grows to what was asked for, and both sides must agree. */
static void a_size_that_the_node_rounds_up_settles(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	fake_node_set_grows_file_systems(scene_node_a(scene), true);
	fake_node_set_rounding(scene_node_a(scene), 4096);
	ask_for(scene, "1500000001");
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, "NodeResizePending"));
	assert_true(scene_volume_field_is(scene, "spec.capacity.storage", "1500000001"));
	assert_true(scene_claim_field_is(scene, "status.allocatedResources.storage", "1500000001"));
	assert_true(fake_node_size(scene_node_a(scene), VOLUME) > 1500000001);
}

/* Claims of other drivers and odd conditions cost nothing and stop nothing. */
static void a_claim_with_an_odd_condition_grows(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'status':{'conditions':[{'type':'','status':''},{'message':7},"
		      "{'type':'Unused','status':'True'}]}}");
	ask_for(scene, "2Gi");
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "2Gi"));
	assert_true(scene_has_condition(scene, "Unused"));
}

static void the_secret_of_a_volume_goes_with_the_call(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume(ROLES);
	fake_api_edit(scene_api(scene), &scene_volumes, "", VOLUME,
		      "{'spec':{'csi':{'controllerExpandSecretRef':{'name':'key',"
		      "'namespace':'default'}}}}");
	usleep(50000);
	ask_for(scene, "2Gi");
	assert_true(scene_wait_event(scene, "VolumeResizeFailed", "controllerExpandSecretRef"));
	assert_int_equal(calls(scene), 0);
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, NULL)); /* nothing has begun */
	fake_api_putf(scene_api(scene), &scene_secrets,
		      "{'metadata':{'name':'key','namespace':'default'},"
		      "'data':{'word':'c2VzYW1l'}}");
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "2Gi"));
	CLEANUP_FREE char *sent = fake_node_secrets(scene_node_a(scene), "ControllerExpandVolume");
	assert_string_equal(sent, "word=sesame");
	assert_false(scene_has_event(scene, "VolumeResizeFailed", "sesame"));
}

#define SILENT_CLAIMS 40

static bool never_answers(void *context, const char *method, bool after)
{
	if (!after && strcmp(method, "ControllerExpandVolume") == 0)
		usleep(600000); /* longer than the call may take */
	return strcmp(method, "GetCapacity") != 0;
}

/* Requirement L22: of the role's two workers the silent node holds one now and then. */
static void a_silent_node_stops_no_growth_elsewhere(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "resize");
	scene_set_backoff(scene, 1000);
	scene_set_call_timeout(scene, 500);
	fake_node_set_hook(scene_node_a(scene), never_answers, NULL);
	for (int i = 0; i < SILENT_CLAIMS; i++) {
		CLEANUP_FREE char *name = must_printf("silent-%d", i);
		fake_node_add(scene_node_a(scene), name, GI);
		scene_put_bound_claim(scene, name, "node-a");
	}
	scene_start(scene);
	/* Let the role's workers meet the silent node first. */
	usleep(100000);
	for (int i = 0; i < 4; i++) {
		CLEANUP_FREE char *name = must_printf("well-%d", i);
		CLEANUP_FREE char *volume = must_printf("pvc-%s", name);
		fake_node_add(scene_node_b(scene), volume, GI);
		scene_put_bound_claim(scene, name, "node-b");
	}
	uint64_t since_ms = clock_monotonic_ms();
	for (int i = 0; i < 4; i++) {
		CLEANUP_FREE char *name = must_printf("well-%d", i);
		assert_true(fake_api_wait_field(scene_api(scene), &scene_claims, "default", name,
						"status.capacity.storage", "2Gi"));
	}
	/* All 40 by two workers would take 10 s. */
	assert_in_range(clock_monotonic_ms() - since_ms, 0, 6000);
	size_t before = calls(scene);
	usleep(2000000);
	assert_true(calls(scene) - before <= 3);
	scene_stop(scene);
	fake_node_set_hook(scene_node_a(scene), NULL, NULL);
}

/* An external-resizer for our driver acts, and then ends. The other roles act all the while. */
static void stands_by_while_an_external_resizer_acts(void **state)
{
	static const char lease[] = "external-resizer-kentledge-io";
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_putf(scene_api(scene), &scene_leases,
		      "{'metadata':{'name':'%s','namespace':'kentledge'},'spec':{"
		      "'holderIdentity':'csi-resizer','leaseDurationSeconds':3600,"
		      "'renewTime':'2026-11-24T09:15:02.000000Z'}}",
		      lease);
	scene_set_roles(scene, "provision,reclaim,resize");
	scene_set_lease_holder(scene, "ours");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	ask_for(scene, "2Gi");
	usleep(300000);
	assert_int_equal(calls(scene), 0);
	assert_true(scene_claim_field_is(scene, GROWTH_STATE, NULL));
	fake_api_edit(scene_api(scene), &scene_leases, "kentledge", lease,
		      "{'spec':{'holderIdentity':''}}");
	/* It looks every two seconds. */
	assert_true(scene_claim_field_is(scene, "status.capacity.storage", "2Gi"));
	assert_true(fake_api_wait_field(scene_api(scene), &scene_leases, "kentledge", lease,
					"spec.holderIdentity", "ours"));
	scene_stop(scene);
	assert_true(fake_api_wait_field(scene_api(scene), &scene_leases, "kentledge", lease,
					"spec.holderIdentity", ""));
}

int main(void)
{
	log_set_level(LOG_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_without_a_file_system_grows_at_once),
		cmocka_unit_test(a_file_system_is_left_to_the_kubelet),
		cmocka_unit_test(a_request_that_is_lowered_again_is_served),
		cmocka_unit_test(a_refusal_outlives_the_process),
		cmocka_unit_test(a_lost_answer_is_asked_for_again),
		cmocka_unit_test(an_infeasible_size_is_retried_rarely_and_a_new_request_at_once),
		cmocka_unit_test(two_requests_in_a_row_take_two_calls),
		cmocka_unit_test(a_request_that_is_raised_meanwhile_is_served_too),
		cmocka_unit_test(waits_for_the_node_and_goes_on_when_it_is_back),
		cmocka_unit_test(a_claim_that_is_deleted_meanwhile_ends_the_growth),
		cmocka_unit_test(killed_anywhere_it_ends_as_without),
		cmocka_unit_test(a_webhook_that_undoes_it_makes_no_hot_loop),
		cmocka_unit_test(standing_conflicts_make_no_hot_loop),
		cmocka_unit_test(a_refusal_is_recorded_although_the_claim_changes_meanwhile),
		cmocka_unit_test(a_note_is_removed_although_it_is_seen_late),
		cmocka_unit_test(a_claim_that_the_kubelet_gives_back_is_grown_further),
		cmocka_unit_test(a_size_that_the_node_rounds_up_settles),
		cmocka_unit_test(a_claim_with_an_odd_condition_grows),
		cmocka_unit_test(the_secret_of_a_volume_goes_with_the_call),
		cmocka_unit_test(a_silent_node_stops_no_growth_elsewhere),
		cmocka_unit_test(stands_by_while_an_external_resizer_acts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
