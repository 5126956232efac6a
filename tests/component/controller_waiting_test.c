/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "controller_scene.h"
#include "test.h"

static struct controller_scene *scene;

static int set_up(void **state)
{
	log_set_level(getenv("V") ? LOG_DEBUG : LOG_ERROR);
	scene = controller_scene_new();
	return 0;
}

static int tear_down(void **state)
{
	controller_scene_free(scene);
	return 0;
}

/* Waits longer than a wait that becomes a condition. */
static bool wait_for_condition(const char *text)
{
	for (int i = 0; i < 200; i++) {
		CLEANUP_FREE char *conditions = controller_scene_set(scene, "status.conditions");
		if (conditions && strstr(conditions, text))
			return true;
		usleep(100000);
	}
	return false;
}

/* The condition comes once the wait is long, and goes with its cause. Conditions of others stay. */
static void what_holds_a_set_up_for_long_is_a_condition(void **state)
{
	fake_api_putf(
		controller_scene_api(scene), &pod_kind,
		"{'metadata':{'name':'web-0','namespace':'default'},'spec':{'nodeName':'n1'}}");
	controller_scene_put_set(scene, "", "nginx:1");
	fake_api_edit(controller_scene_api(scene), &statefulset_apps_kind, "default", "web",
		      "{'status':{'conditions':[{'type':'Theirs','status':'True'}]}}");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_set(scene, "status.observedGeneration", "1"));
	CLEANUP_FREE char *soon = controller_scene_set(scene, "status.conditions");
	assert_null(strstr(soon, "Waiting"));
	assert_true(wait_for_condition("\"type\":\"Waiting\",\"status\":\"True\","
				       "\"reason\":\"ForeignPod\""));
	fake_api_remove(controller_scene_api(scene), &pod_kind, "default", "web-0");
	assert_true(controller_scene_wait_settled(scene, "2"));
	CLEANUP_FREE char *after = controller_scene_set(scene, "status.conditions");
	assert_string_equal(after, "[{\"type\":\"Theirs\",\"status\":\"True\"}]");
}

/* As after `kubectl delete` and `kubectl apply` in a row under whenDeleted: Delete, while the
 * garbage collector has not come to the claim yet. */
static void a_claim_of_an_earlier_set_is_waited_for_and_reported_once(void **state)
{
	fake_api_putf(controller_scene_api(scene), &claim_kind,
		      "{'metadata':{'name':'www-web-0','namespace':'default','uid':'old-claim',"
		      "'ownerReferences':[{'apiVersion':'apps/v1','kind':'StatefulSet',"
		      "'name':'web','uid':'earlier','controller':true}]},'spec':{'accessModes':"
		      "['ReadWriteOnce'],'volumeName':'pv-1',"
		      "'resources':{'requests':{'storage':'1Gi'}}}}");
	controller_scene_put_set(scene, "", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(wait_for_condition("\"type\":\"Waiting\",\"status\":\"True\","
				       "\"reason\":\"EarlierClaim\""));
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 0);
	assert_true(controller_scene_wait_event(
		scene, "EarlierClaim",
		"pod web-0 waits until claim www-web-0 is gone: its ownerReferences name an "
		"earlier set of this name, with which it is deleted; to keep its data, remove "
		"that reference"));
	usleep(6000000); /* longer than the look that is a safeguard */
	assert_int_equal(controller_scene_count_events(scene, "EarlierClaim"), 1);
	assert_int_equal(controller_scene_count_events(scene, "Failed"), 0);
	fake_api_remove(controller_scene_api(scene), &claim_kind, "default", "www-web-0");
	assert_true(controller_scene_wait_settled(scene, "2"));
	CLEANUP_FREE char *uid = controller_scene_claim(scene, "www-web-0", "metadata.uid");
	assert_string_not_equal(uid, "old-claim");
}

/* A first start in which another writer (the binder of claims, a quota) is faster now and then. */
static void a_conflict_that_passes_is_no_event(void **state)
{
	fake_api_fail(controller_scene_api(scene),
		      &(struct fake_api_failure) { .method = "POST",
						   .path_part = "persistentvolumeclaims",
						   .how = FAKE_API_STATUS,
						   .status = 409,
						   .times = 2 });
	controller_scene_put_set(scene, "", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_settled(scene, "2"));
	assert_true(controller_scene_wait_event(
		scene, "SuccessfulCreate",
		"create Claim www-web-0 Pod web-0 in StatefulSet web success"));
	assert_int_equal(controller_scene_count_events(scene, "Failed"), 0);
}

/* A webhook that refuses revisions. */
static void a_refused_revision_is_an_event_and_a_condition(void **state)
{
	fake_api_fail(controller_scene_api(scene),
		      &(struct fake_api_failure) { .method = "POST",
						   .path_part = "controllerrevisions",
						   .how = FAKE_API_STATUS,
						   .status = 403,
						   .times = 1000 });
	controller_scene_set_backoff(scene, 300);
	controller_scene_put_set(scene, "", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(wait_for_condition("\"reason\":\"RequestRefused\""));
	assert_int_equal(controller_scene_count_events(scene, "FailedCreate"), 1);
}

int main(void)
{
#define with_bed(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		with_bed(what_holds_a_set_up_for_long_is_a_condition),
		with_bed(a_claim_of_an_earlier_set_is_waited_for_and_reported_once),
		with_bed(a_conflict_that_passes_is_no_event),
		with_bed(a_refused_revision_is_an_event_and_a_condition),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
