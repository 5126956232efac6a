/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What nodes say of their volumes' health comes into the claims' status, once for each change; and
 * as events where the API server does not keep the field. A kill at any step leads to the same end.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "csi/health_client.h"
#include "kube/json.h"
#include "provision_scene.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 100
#define VOLUME "pvc-www-uid"
#define ROUND_MS 40

#define CONDITIONS "status.healthStatus.healthConditions"
#define ABNORMAL "VolumeConditionAbnormal"
#define NORMAL "VolumeConditionNormal"

/* Bound, on node-a; then the health of volumes alone is looked at. */
static struct provision_scene *scene_with_volume(void)
{
	struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "provision,reclaim");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	scene_stop(scene);
	scene_set_roles(scene, "health");
	scene_set_health_poll(scene, ROUND_MS);
	return scene;
}

static size_t lists(struct provision_scene *scene)
{
	return fake_node_calls(scene_node_a(scene), "ControllerListVolumeHealth");
}

static size_t gets(struct provision_scene *scene)
{
	return fake_node_calls(scene_node_a(scene), "ControllerGetVolumeHealth");
}

static size_t events(struct provision_scene *scene)
{
	return fake_api_requests(scene_api(scene), "POST", "/events");
}

static size_t status_patches(struct provision_scene *scene)
{
	return fake_api_requests(scene_api(scene), "PATCH", "www/status");
}

static size_t writes(struct provision_scene *scene)
{
	return fake_api_requests(scene_api(scene), "PATCH", "") +
	       fake_api_requests(scene_api(scene), "POST", "") +
	       fake_api_requests(scene_api(scene), "DELETE", "");
}

/* So many whole rounds at node-a from now on. */
static void wait_for_rounds(struct provision_scene *scene, size_t count)
{
	size_t end = lists(scene) + count + 1;
	for (unsigned i = 0; i < 10000 && lists(scene) < end; i++)
		usleep(1000);
	assert_true(lists(scene) >= end);
}

/* "<status> <reason>", or "" where nothing is wrong. */
static char *health_of(struct provision_scene *scene)
{
	CLEANUP(json_object_putp)
	struct json_object *claim =
		fake_api_read(scene_api(scene), &scene_claims, "default", "www");
	struct json_object *list = json_find(claim, CONDITIONS);
	CLEANUP_TEXT struct text text = TEXT_INIT;
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		text_printf(&text, "%s%s %s", i ? ", " : "",
			    json_object_get_string(json_find(item, "status")),
			    json_object_get_string(json_find(item, "reason")));
		assert_null(json_find(item, "$patch"));
	}
	return text_take(&text);
}

static bool wait_health(struct provision_scene *scene, const char *expected)
{
	for (unsigned i = 0; i < 5000; i++) {
		CLEANUP_FREE char *health = health_of(scene);
		if (strcmp(health, expected) == 0)
			return true;
		usleep(1000);
	}
	return false;
}

static void set_health(struct provision_scene *scene, int status, const char *reason)
{
	fake_node_set_health(scene_node_a(scene), VOLUME, status, reason);
}

/* Requirement H4: nothing is written while nothing changes, and one call a round is made. */
static void each_change_is_written_once(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	scene_start(scene);
	wait_for_rounds(scene, 3);
	size_t before = writes(scene);
	wait_for_rounds(scene, 5);
	assert_int_equal(writes(scene), before);
	set_health(scene, CSI_HEALTH_DEGRADED, "PoolFull");
	assert_true(wait_health(scene, "Degraded PoolFull"));
	wait_for_rounds(scene, 5);
	assert_int_equal(writes(scene), before + 1);
	/* Another reason of the same status: merged by status the old one would stay. */
	set_health(scene, CSI_HEALTH_DEGRADED, "ReadError");
	assert_true(wait_health(scene, "Degraded ReadError"));
	set_health(scene, 0, NULL);
	assert_true(wait_health(scene, ""));
	wait_for_rounds(scene, 5);
	assert_int_equal(writes(scene), before + 3);
	assert_int_equal(gets(scene), 0);
	assert_false(scene_has_event(scene, ABNORMAL, ""));
}

/* The next leader reads from the claim what was written. */
static void a_new_leader_writes_nothing_that_is_written(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	set_health(scene, CSI_HEALTH_DATA_LOSS, "DataMissing");
	scene_start(scene);
	assert_true(wait_health(scene, "DataLoss DataMissing"));
	scene_stop(scene);
	size_t before = writes(scene);
	scene_start(scene);
	wait_for_rounds(scene, 3);
	assert_int_equal(writes(scene), before);
	scene_stop(scene);
	set_health(scene, 0, NULL);
	scene_start(scene);
	assert_true(wait_health(scene, ""));
}

/* Requirement H5. */
static void a_failed_call_is_neither_fault_nor_recovery(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	size_t before = events(scene);
	set_health(scene, CSI_HEALTH_DEGRADED, "PoolFull");
	scene_start(scene);
	assert_true(wait_health(scene, "Degraded PoolFull"));
	set_health(scene, 0, NULL);
	fake_node_fail(scene_node_a(scene), "ControllerListVolumeHealth", ERROR_INTERNAL, false,
		       1000000);
	wait_for_rounds(scene, 4);
	CLEANUP_FREE char *health = health_of(scene);
	assert_string_equal(health, "Degraded PoolFull");
	/* One event on the Node, however often it fails, and none on the claim. */
	assert_true(scene_wait_event(scene, "VolumeHealthUnknown", "because the test wants"));
	assert_int_equal(events(scene), before + 1);
	fake_node_fail(scene_node_a(scene), "ControllerListVolumeHealth", ERROR_INTERNAL, false, 0);
	assert_true(wait_health(scene, ""));
}

static bool metric_is(const char *line)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	metric_render(&text);
	return strstr(text_string(&text), line) != NULL;
}

/* Requirement H9. The metrics are the process's, so calls of other tests may be in them. */
static void metrics_count_what_is_wrong_and_what_was_asked(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	set_health(scene, CSI_HEALTH_DEGRADED, "PoolFull");
	scene_start(scene);
	assert_true(wait_health(scene, "Degraded PoolFull"));
	wait_for_rounds(scene, 1);
	assert_true(metric_is("csi_controller_volume_health_status{status=\"Degraded\"} 1\n"));
	assert_true(metric_is("csi_controller_volume_health_status{status=\"DataLoss\"} 0\n"));
	set_health(scene, 0, NULL);
	assert_true(wait_health(scene, ""));
	wait_for_rounds(scene, 1);
	assert_true(metric_is("csi_controller_volume_health_status{status=\"Degraded\"} 0\n"));
	assert_true(metric_is("csi_volume_health_probe_total{result=\"success\"} "));
	assert_true(metric_is("csi_volume_health_probe_duration_seconds_count "));
	assert_false(metric_is("csi_volume_health_probe_duration_seconds_count 0\n"));
	fake_node_fail(scene_node_a(scene), "ControllerListVolumeHealth", ERROR_INTERNAL, false, 1);
	wait_for_rounds(scene, 2);
	assert_true(metric_is("csi_volume_health_probe_total{result=\"error\"} "));
}

/* Requirement H5: it is asked for after the second list without it. */
static void a_volume_that_two_lists_leave_out_is_asked_for(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	scene_start(scene);
	wait_for_rounds(scene, 2);
	set_health(scene, CSI_HEALTH_INACCESSIBLE, "PoolMissing");
	fake_node_set_hidden(scene_node_a(scene), VOLUME, true);
	assert_true(wait_health(scene, "Inaccessible PoolMissing"));
	size_t asked = gets(scene);
	wait_for_rounds(scene, 5);
	assert_true(gets(scene) <= asked + 1);
	set_health(scene, 0, NULL);
	fake_node_set_hidden(scene_node_a(scene), VOLUME, false);
	assert_true(wait_health(scene, ""));
}

/* The rounds that do not ask for it count what was heard of it last. */
static void the_gauge_keeps_a_volume_that_lists_leave_out(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	set_health(scene, CSI_HEALTH_INACCESSIBLE, "PoolMissing");
	fake_node_set_hidden(scene_node_a(scene), VOLUME, true);
	scene_start(scene);
	assert_true(wait_health(scene, "Inaccessible PoolMissing"));
	for (int i = 0; i < 4; i++) {
		wait_for_rounds(scene, 1);
		assert_true(metric_is(
			"csi_controller_volume_health_status{status=\"Inaccessible\"} 1\n"));
	}
}

/* A failed question is no question: the next round asks again. */
static void a_failed_question_is_asked_again(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	set_health(scene, CSI_HEALTH_INACCESSIBLE, "PoolMissing");
	fake_node_set_hidden(scene_node_a(scene), VOLUME, true);
	fake_node_fail(scene_node_a(scene), "ControllerGetVolumeHealth", ERROR_INTERNAL, false, 1);
	scene_start(scene);
	wait_for_rounds(scene, 5);
	CLEANUP_FREE char *health = health_of(scene);
	assert_string_equal(health, "Inaccessible PoolMissing");
}

/* Its Node is deleted; what was written of it comes into *ret_node, yours. */
static void remove_node_a(struct provision_scene *scene, struct json_object **ret_node)
{
	*ret_node = fake_api_read(scene_api(scene), &scene_nodes, "", "node-a");
	fake_api_remove(scene_api(scene), &scene_csi_nodes, "", "node-a");
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-a");
}

static void a_note_alone_makes_no_node_lost(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	CLEANUP(json_object_putp) struct json_object *node = NULL;
	char noted[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s() - 3, noted);
	scene_set_sight(scene, 600);
	fake_api_edit(scene_api(scene), &scene_volumes, "", VOLUME,
		      "{'metadata':{'annotations':{'kentledge.io/node-gone-since':'%s'}}}", noted);
	scene_set_gone_after(scene, 2, true);
	remove_node_a(scene, &node);
	scene_start(scene);
	usleep(1000000);
	CLEANUP_FREE char *health = health_of(scene);
	assert_string_equal(health, "");
	/* As long as a node may be away. */
	assert_true(wait_health(scene, "Inaccessible NodeLost"));
}

static void a_node_that_is_back_is_not_lost_though_it_is_silent(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	CLEANUP(json_object_putp) struct json_object *node = NULL;
	scene_set_gone_after(scene, 1, true);
	remove_node_a(scene, &node);
	scene_start(scene);
	assert_true(wait_health(scene, "Inaccessible NodeLost"));
	fake_node_fail(scene_node_a(scene), "ControllerListVolumeHealth", ERROR_INTERNAL, false,
		       1000000);
	fake_api_put(scene_api(scene), &scene_nodes, json_object_to_json_string(node));
	assert_true(wait_health(scene, ""));
}

static void drop(void *context, const char *collection, struct json_object *object)
{
	if (strcmp(collection, "/api/v1/persistentvolumeclaims") == 0)
		json_object_object_del(json_find(object, "status"), "healthStatus");
}

/* Requirement H6: the gate of the field is off. */
static void where_the_field_is_dropped_events_tell_once_per_change(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	size_t before = events(scene), patched = status_patches(scene);
	fake_api_set_webhook(scene_api(scene), drop, NULL);
	set_health(scene, CSI_HEALTH_DEGRADED, "PoolFull");
	scene_start(scene);
	assert_true(scene_wait_event(scene, ABNORMAL, "Degraded PoolFull"));
	wait_for_rounds(scene, 5);
	assert_int_equal(status_patches(scene), patched + 1);
	assert_int_equal(events(scene), before + 1);
	set_health(scene, 0, NULL);
	assert_true(scene_wait_event(scene, NORMAL, VOLUME));
	wait_for_rounds(scene, 3);
	assert_int_equal(status_patches(scene), patched + 1);
	assert_int_equal(events(scene), before + 2);
	CLEANUP_FREE char *health = health_of(scene);
	assert_string_equal(health, "");
}

/* Requirement H10. */
static void a_node_that_has_left_the_cluster_is_lost_after_the_grace(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	scene_set_gone_after(scene, 1, true);
	scene_start(scene);
	wait_for_rounds(scene, 1);
	CLEANUP(json_object_putp)
	struct json_object *node = fake_api_read(scene_api(scene), &scene_nodes, "", "node-a");
	CLEANUP(json_object_putp)
	struct json_object *csi_node =
		fake_api_read(scene_api(scene), &scene_csi_nodes, "", "node-a");
	/* Away alone is not gone. */
	fake_api_remove(scene_api(scene), &scene_csi_nodes, "", "node-a");
	usleep(1500000);
	CLEANUP_FREE char *health = health_of(scene);
	assert_string_equal(health, "");
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-a");
	assert_true(wait_health(scene, "Inaccessible NodeLost"));
	fake_api_put(scene_api(scene), &scene_nodes, json_object_to_json_string(node));
	fake_api_put(scene_api(scene), &scene_csi_nodes, json_object_to_json_string(csi_node));
	assert_true(wait_health(scene, ""));
	/* Requirement H11. */
	assert_true(fake_api_exists(scene_api(scene), &scene_volumes, "", VOLUME));
	assert_true(fake_node_has(scene_node_a(scene), VOLUME));
}

/* Requirement Z4 and Z5: foreign fields stay, and a claim that changed meanwhile is read again. */
static void other_writers_of_the_status_lose_nothing(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'status':{'conditions':[{'type':'Unused','status':'True'}]}}");
	fake_api_fail_next(scene_api(scene), "PATCH", "www/status", FAKE_API_STATUS, 409);
	set_health(scene, CSI_HEALTH_DEGRADED, "PoolFull");
	scene_start(scene);
	assert_true(wait_health(scene, "Degraded PoolFull"));
	CLEANUP_FREE char *conditions = fake_api_field(scene_api(scene), &scene_claims, "default",
						       "www", "status.conditions");
	assert_non_null(strstr(conditions, "Unused"));
	CLEANUP_FREE char *phase =
		fake_api_field(scene_api(scene), &scene_claims, "default", "www", "status.phase");
	assert_string_equal(phase, "Bound");
}

/* Requirement Z3. */
static void killed_anywhere_it_ends_as_without(void **state)
{
	unsigned points = 0;
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_volume();
		set_health(scene, CSI_HEALTH_DEGRADED, "PoolFull");
		scene_at_step(scene, step, scene_kill, NULL);
		scene_start(scene);
		for (unsigned i = 0; i < 200 && !scene_has_acted(scene) && step <= 8; i++)
			usleep(1000);
		bool died = scene_has_acted(scene);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		if (!wait_health(scene, "Degraded PoolFull"))
			fail_msg("killed at step %u: the claim does not say it", step);
		points = step;
		if (!died || step >= 8)
			break;
	}
	step_tell("health", points);
	/* List and status; before and after each. */
	assert_true(points >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_change_is_written_once),
		cmocka_unit_test(metrics_count_what_is_wrong_and_what_was_asked),
		cmocka_unit_test(a_new_leader_writes_nothing_that_is_written),
		cmocka_unit_test(a_failed_call_is_neither_fault_nor_recovery),
		cmocka_unit_test(a_volume_that_two_lists_leave_out_is_asked_for),
		cmocka_unit_test(the_gauge_keeps_a_volume_that_lists_leave_out),
		cmocka_unit_test(a_failed_question_is_asked_again),
		cmocka_unit_test(a_note_alone_makes_no_node_lost),
		cmocka_unit_test(a_node_that_is_back_is_not_lost_though_it_is_silent),
		cmocka_unit_test(where_the_field_is_dropped_events_tell_once_per_change),
		cmocka_unit_test(a_node_that_has_left_the_cluster_is_lost_after_the_grace),
		cmocka_unit_test(other_writers_of_the_status_lose_nothing),
		cmocka_unit_test(killed_anywhere_it_ends_as_without),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
