/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "controller_scene.h"
#include "kube/json.h"
#include "kube/verbs.h"
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
	const char *complaint = controller_scene_complaint(scene);
	if (complaint)
		print_error("%s\n", complaint);
	int outcome = complaint ? -1 : 0;
	controller_scene_free(scene);
	return outcome;
}

static void expect(char *taken, const char *wanted)
{
	CLEANUP_FREE char *value = taken;
	if (!wanted) {
		assert_null(value);
		return;
	}
	assert_non_null(value);
	assert_string_equal(value, wanted);
}

/* As kubectl does: without preconditions. */
static void delete_pod(const char *name)
{
	CLEANUP(kube_client_freep)
	struct kube_client *client =
		kube_client_new_over(fake_api_connect(controller_scene_api(scene)));
	struct error err;
	assert_int_equal(kube_delete(client, &pod_kind, "default", name, NULL, NULL, &err), 0);
}

static void start_with(const char *spec, const char *replicas)
{
	controller_scene_put_set(scene, spec, "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_settled(scene, replicas));
}

static void a_set_gets_its_claims_and_pods_in_order(void **state)
{
	start_with("{'replicas':3}", "3");
	assert_string_equal(controller_scene_created(scene), "web-0 web-1 web-2");
	assert_int_equal(fake_api_count(controller_scene_api(scene), &claim_kind), 3);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &revision_kind), 1);
	expect(controller_scene_claim(scene, "www-web-2", "spec.resources.requests.storage"),
	       "1Gi");
	expect(controller_scene_pod(scene, "web-0", "spec.hostname"), "web-0");
	expect(controller_scene_pod(scene, "web-0", "spec.subdomain"), "nginx");
	assert_true(controller_scene_wait_event(
		scene, "SuccessfulCreate",
		"create Claim www-web-0 Pod web-0 in StatefulSet web success"));
	assert_true(controller_scene_wait_event(scene, "SuccessfulCreate",
						"create Pod web-2 in StatefulSet web successful"));
}

static void a_deleted_pod_comes_back_to_the_same_claim(void **state)
{
	start_with("", "2");
	CLEANUP_FREE char *pod = controller_scene_pod(scene, "web-0", "metadata.uid");
	CLEANUP_FREE char *claim = controller_scene_claim(scene, "www-web-0", "metadata.uid");
	delete_pod("web-0");
	assert_true(controller_scene_wait_new_pod(scene, "web-0", pod));
	assert_true(controller_scene_wait_settled(scene, "2"));
	expect(controller_scene_claim(scene, "www-web-0", "metadata.uid"), claim);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &claim_kind), 2);
}

static void a_failed_pod_is_replaced(void **state)
{
	start_with("", "2");
	CLEANUP_FREE char *pod = controller_scene_pod(scene, "web-1", "metadata.uid");
	fake_api_edit(controller_scene_api(scene), &pod_kind, "default", "web-1",
		      "{'status':{'phase':'Failed'}}");
	assert_true(controller_scene_wait_set(scene, "status.readyReplicas", "1"));
	assert_true(controller_scene_wait_settled(scene, "2"));
	CLEANUP_FREE char *again = controller_scene_pod(scene, "web-1", "metadata.uid");
	assert_string_not_equal(again, pod);
	assert_true(controller_scene_wait_event(scene, "SuccessfulDelete",
						"delete Pod web-1 in StatefulSet web successful"));
}

/* Not only a uid that differs is answered with 409: a webhook may refuse in the same words. */
static void a_deletion_that_is_refused_is_reported_and_tried_again(void **state)
{
	start_with("", "2");
	fake_api_fail_next(controller_scene_api(scene), "DELETE", "pods/web-1", FAKE_API_STATUS,
			   409);
	fake_api_edit(controller_scene_api(scene), &pod_kind, "default", "web-1",
		      "{'status':{'phase':'Failed'}}");
	assert_true(controller_scene_wait_event(scene, "FailedDelete",
						"delete Pod web-1 in StatefulSet web failed error: "
						"delete Pod default/web-1: a fault of the test"));
	assert_true(controller_scene_wait_event(scene, "SuccessfulDelete",
						"delete Pod web-1 in StatefulSet web successful"));
	assert_true(controller_scene_wait_settled(scene, "2"));
}

static void scaling_goes_up_and_down_in_order_and_keeps_claims(void **state)
{
	start_with("{'replicas':1}", "1");
	controller_scene_edit_set(scene, "{'replicas':4}");
	assert_true(controller_scene_wait_settled(scene, "4"));
	controller_scene_edit_set(scene, "{'replicas':1}");
	assert_true(controller_scene_wait_settled(scene, "1"));
	assert_string_equal(controller_scene_created(scene), "web-0 web-1 web-2 web-3");
	assert_string_equal(controller_scene_deleted(scene), "web-3 web-2 web-1");
	assert_int_equal(fake_api_count(controller_scene_api(scene), &claim_kind), 4);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 1);
}

static void an_update_goes_from_the_top_and_a_rollback_takes_the_old_revision(void **state)
{
	start_with("{'replicas':3}", "3");
	CLEANUP_FREE char *first = controller_scene_set(scene, "status.currentRevision");
	controller_scene_set_image(scene, "nginx:2");
	assert_true(controller_scene_wait_settled(scene, "3"));
	assert_string_equal(controller_scene_deleted(scene), "web-2 web-1 web-0");
	CLEANUP_FREE char *second = controller_scene_set(scene, "status.currentRevision");
	assert_string_not_equal(first, second);
	expect(controller_scene_revision(scene, "web-0"), second);

	controller_scene_set_image(scene, "nginx:1");
	assert_true(controller_scene_wait_settled(scene, "3"));
	expect(controller_scene_set(scene, "status.currentRevision"), first);
	expect(controller_scene_revision(scene, "web-2"), first);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &revision_kind), 2);
	expect(fake_api_field(controller_scene_api(scene), &revision_kind, "default", first,
			      "revision"),
	       "3");
	assert_int_equal(fake_api_count(controller_scene_api(scene), &claim_kind), 3);
}

static void a_partition_holds_an_update_back(void **state)
{
	start_with("{'replicas':3,'updateStrategy':{'rollingUpdate':{'partition':2}}}", "3");
	CLEANUP_FREE char *first = controller_scene_set(scene, "status.currentRevision");
	controller_scene_set_image(scene, "nginx:2");
	assert_true(controller_scene_wait_set(scene, "status.updatedReplicas", "1"));
	CLEANUP_FREE char *second = controller_scene_set(scene, "status.updateRevision");
	assert_true(controller_scene_wait_set(scene, "status.readyReplicas", "3"));
	expect(controller_scene_revision(scene, "web-2"), second);
	/* A pod below the partition comes back as it was, and promotes nothing. */
	delete_pod("web-0");
	assert_true(controller_scene_wait_set(scene, "status.readyReplicas", "2"));
	assert_true(controller_scene_wait_set(scene, "status.readyReplicas", "3"));
	expect(controller_scene_revision(scene, "web-0"), first);
	expect(controller_scene_set(scene, "status.currentRevision"), first);
	controller_scene_edit_set(scene, "{'updateStrategy':{'rollingUpdate':{'partition':0}}}");
	assert_true(controller_scene_wait_settled(scene, "3"));
	expect(controller_scene_revision(scene, "web-0"), second);
}

static void with_on_delete_pods_are_updated_when_they_are_deleted(void **state)
{
	start_with("{'updateStrategy':{'type':'OnDelete','rollingUpdate':null}}", "2");
	CLEANUP_FREE char *first = controller_scene_set(scene, "status.currentRevision");
	controller_scene_set_image(scene, "nginx:2");
	assert_true(controller_scene_wait_set(scene, "status.updatedReplicas", "0"));
	expect(controller_scene_revision(scene, "web-0"), first);
	assert_string_equal(controller_scene_deleted(scene), "");
	delete_pod("web-1");
	assert_true(controller_scene_wait_set(scene, "status.updatedReplicas", "1"));
	delete_pod("web-0");
	assert_true(controller_scene_wait_settled(scene, "2"));
	CLEANUP_FREE char *second = controller_scene_set(scene, "status.currentRevision");
	assert_string_not_equal(first, second);
}

static void a_parallel_set_does_not_wait_for_its_pods(void **state)
{
	controller_scene_hold_kubelet(scene, true);
	controller_scene_put_set(scene, "{'replicas':5,'podManagementPolicy':'Parallel'}",
				 "nginx:1");
	controller_scene_start(scene, false);
	assert_true(fake_api_wait_count(controller_scene_api(scene), &pod_kind, 5));
	assert_true(controller_scene_wait_set(scene, "status.replicas", "5"));
	controller_scene_edit_set(scene, "{'replicas':2}");
	assert_true(fake_api_wait_count(controller_scene_api(scene), &pod_kind, 2));
}

static void an_ordered_set_waits_for_a_pod_that_is_not_ready(void **state)
{
	controller_scene_hold_kubelet(scene, true);
	controller_scene_put_set(scene, "{'replicas':3}", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_set(scene, "status.replicas", "1"));
	usleep(50000);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 1);
}

static void a_pod_counts_as_available_when_min_ready_seconds_are_over(void **state)
{
	controller_scene_put_set(scene, "{'replicas':2,'minReadySeconds':2}", "nginx:1");
	controller_scene_start(scene, false);
	uint64_t start_ms = clock_monotonic_ms();
	assert_true(controller_scene_wait_set(scene, "status.readyReplicas", "1"));
	expect(controller_scene_set(scene, "status.availableReplicas"), "0");
	assert_true(controller_scene_wait_settled(scene, "2"));
	/* Twice two seconds, less the fraction of the second that a time stamp hides. */
	assert_in_range(clock_monotonic_ms() - start_ms, 2000, 4900);
}

static void an_orphan_is_adopted_and_a_pod_that_no_longer_matches_released(void **state)
{
	static const char orphan[] =
		"{'apiVersion':'v1','kind':'Pod','metadata':{'name':'%s','namespace':'default',"
		"'annotations':{'seen':'yes'},"
		"'labels':{'app':'%s','statefulset.kubernetes.io/pod-name':'%s'}},"
		"'spec':{'nodeName':'n1','volumes':[{'name':'www','persistentVolumeClaim':"
		"{'claimName':'www-web-0'}}]},'status':{'phase':'Running','conditions':"
		"[{'type':'Ready','status':'True'}]}}";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	fake_api_putf(controller_scene_api(scene), &pod_kind, orphan, "web-0", "nginx", "web-0");
	fake_api_putf(controller_scene_api(scene), &pod_kind, orphan, "web-7", "other", "web-7");
	fake_api_putf(controller_scene_api(scene), &pod_kind, orphan, "db-0", "nginx", "db-0");
#pragma GCC diagnostic pop
	CLEANUP_FREE char *uid = controller_scene_pod(scene, "web-0", "metadata.uid");
	controller_scene_put_set(
		scene, "{'updateStrategy':{'type':'OnDelete','rollingUpdate':null}}", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_pod(scene, "web-1", "metadata.name", "web-1"));
	expect(controller_scene_pod(scene, "web-0", "metadata.uid"), uid);
	CLEANUP_FREE char *owners =
		controller_scene_pod(scene, "web-0", "metadata.ownerReferences");
	assert_non_null(strstr(owners, "\"controller\":true"));
	expect(controller_scene_pod(scene, "web-7", "metadata.ownerReferences"), NULL);
	expect(controller_scene_pod(scene, "db-0", "metadata.ownerReferences"), NULL);

	fake_api_edit(controller_scene_api(scene), &pod_kind, "default", "web-0",
		      "{'metadata':{'labels':{'app':'else'}}}");
	assert_true(controller_scene_wait_pod(scene, "web-0", "metadata.ownerReferences", "[]"));
	expect(controller_scene_pod(scene, "web-0", "metadata.uid"), uid);
}

static void a_claim_that_is_refused_is_reported_and_tried_again(void **state)
{
	const struct fake_api_failure failure = {
		.method = "POST",
		.path_part = "persistentvolumeclaims",
		.how = FAKE_API_STATUS,
		.status = 403,
		.times = 3,
	};
	fake_api_fail(controller_scene_api(scene), &failure);
	start_with("", "2");
	assert_int_equal(fake_api_count(controller_scene_api(scene), &claim_kind), 2);
	assert_int_equal(
		fake_api_requests(controller_scene_api(scene), "POST", "persistentvolumeclaims"),
		5);
}

static void a_claim_that_is_being_deleted_is_waited_for(void **state)
{
	fake_api_putf(controller_scene_api(scene), &claim_kind,
		      "{'apiVersion':'v1','kind':'PersistentVolumeClaim','metadata':{"
		      "'name':'www-web-0','namespace':'default','finalizers':['x/y'],"
		      "'deletionTimestamp':'2026-01-01T00:00:00Z'},'spec':{'accessModes':"
		      "['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}");
	controller_scene_put_set(scene, "", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_event(scene, "FailedCreate",
						"create Pod web-0 in StatefulSet web failed error: "
						"pod web-0 waits until claim www-web-0 is gone: "
						"pvc www-web-0 is being deleted"));
	assert_true(controller_scene_wait_set(scene, "status.replicas", "0"));
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 0);
	usleep(100000);
	fake_api_remove(controller_scene_api(scene), &claim_kind, "default", "www-web-0");
	assert_true(controller_scene_wait_settled(scene, "2"));
}

static void a_foreign_pod_in_the_way_is_reported(void **state)
{
	fake_api_putf(
		controller_scene_api(scene), &pod_kind,
		"{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0',"
		"'namespace':'default','annotations':{'seen':'yes'},'labels':{'app':'other'}},"
		"'spec':{'nodeName':'n1'},'status':{'phase':'Running'}}");
	controller_scene_put_set(scene, "", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_event(scene, "FailedCreate",
						"create Pod web-0 in StatefulSet web failed error: "
						"a pod that is not this set's has the name web-0: "
						"delete it"));
	fake_api_remove(controller_scene_api(scene), &pod_kind, "default", "web-0");
	assert_true(controller_scene_wait_settled(scene, "2"));
}

/* The user who deletes it, as the event asks, does not wait for our backoff. */
static void a_foreign_pod_that_is_deleted_makes_way_at_once(void **state)
{
	fake_api_putf(
		controller_scene_api(scene), &pod_kind,
		"{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0',"
		"'namespace':'default','annotations':{'seen':'yes'},'labels':{'app':'other'}},"
		"'spec':{'nodeName':'n1'},'status':{'phase':'Running'}}");
	controller_scene_set_backoff(scene, 60000);
	controller_scene_put_set(scene, "", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_set(scene, "status.replicas", "0"));
	usleep(20000);
	fake_api_remove(controller_scene_api(scene), &pod_kind, "default", "web-0");
	assert_true(controller_scene_wait_settled(scene, "2"));
}

/* As after `kubectl delete` and `kubectl apply` in a row: the garbage collector is still at work.
 */
static void a_pod_of_an_earlier_set_of_the_name_is_waited_for(void **state)
{
	fake_api_putf(
		controller_scene_api(scene), &pod_kind,
		"{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0',"
		"'namespace':'default','annotations':{'seen':'yes'},'labels':{'app':'nginx'},"
		"'ownerReferences':[{'apiVersion':'apps/v1','kind':'StatefulSet','name':'web',"
		"'uid':'earlier','controller':true}]},'spec':{'nodeName':'n1'},"
		"'status':{'phase':'Running'}}");
	controller_scene_put_set(scene, "", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_set(scene, "status.replicas", "0"));
	fake_api_remove(controller_scene_api(scene), &pod_kind, "default", "web-0");
	assert_true(controller_scene_wait_settled(scene, "2"));
}

static void a_conflict_on_the_status_is_written_over(void **state)
{
	fake_api_fail_next(controller_scene_api(scene), "PATCH", "web/status", FAKE_API_STATUS,
			   409);
	fake_api_fail_next(controller_scene_api(scene), "PATCH", "web/status", FAKE_API_STATUS,
			   409);
	start_with("", "2");
}

static void a_set_that_is_being_deleted_is_counted_and_left_alone(void **state)
{
	start_with("", "2");
	size_t creates = fake_api_requests(controller_scene_api(scene), "POST", "/pods");
	fake_api_edit(controller_scene_api(scene), &statefulset_apps_kind, "default", "web",
		      "{'metadata':{'generation':7,'finalizers':['foregroundDeletion'],"
		      "'deletionTimestamp':'2026-01-01T00:00:00Z'}}");
	assert_true(controller_scene_wait_set(scene, "status.observedGeneration", "7"));
	delete_pod("web-1");
	assert_true(controller_scene_wait_set(scene, "status.replicas", "1"));
	assert_int_equal(fake_api_requests(controller_scene_api(scene), "POST", "/pods"), creates);
}

static void old_revisions_are_thrown_away_beyond_the_limit(void **state)
{
	start_with("{'replicas':1,'revisionHistoryLimit':1}", "1");
	for (int i = 2; i <= 4; i++) {
		CLEANUP_FREE char *image = must_printf("nginx:%d", i);
		controller_scene_set_image(scene, image);
		assert_true(controller_scene_wait_settled(scene, "1"));
	}
	assert_true(fake_api_wait_count(controller_scene_api(scene), &revision_kind, 2));
}

static void retention_is_written_into_the_claims(void **state)
{
	start_with("{'persistentVolumeClaimRetentionPolicy':"
		   "{'whenDeleted':'Delete','whenScaled':'Delete'}}",
		   "2");
	CLEANUP_FREE char *uid = controller_scene_set(scene, "metadata.uid");
	CLEANUP_FREE char *wanted = must_printf(
		"[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"web\","
		"\"uid\":\"%s\",\"controller\":true,\"blockOwnerDeletion\":true}]",
		uid);
	assert_true(fake_api_wait_field(controller_scene_api(scene), &claim_kind, "default",
					"www-web-1", "metadata.ownerReferences", wanted));
	CLEANUP_FREE char *pod = controller_scene_pod(scene, "web-1", "metadata.uid");
	CLEANUP_FREE char *scaled =
		must_printf("[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"web-1\","
			    "\"uid\":\"%s\",\"controller\":true,\"blockOwnerDeletion\":true}]",
			    pod);
	controller_scene_edit_set(scene, "{'replicas':1}");
	assert_true(fake_api_wait_field(controller_scene_api(scene), &claim_kind, "default",
					"www-web-1", "metadata.ownerReferences", scaled));
	assert_true(controller_scene_wait_settled(scene, "1"));
}

static void a_malformed_object_stops_no_other_set(void **state)
{
	fake_api_putf(controller_scene_api(scene), &statefulset_apps_kind,
		      "{'apiVersion':'apps/v1','kind':'StatefulSet','metadata':{'name':'bad',"
		      "'namespace':'default'},'spec':{'replicas':'many','selector':{}}}");
	fake_api_putf(controller_scene_api(scene), &pod_kind,
		      "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'bad-0',"
		      "'namespace':'default'},'spec':{'volumes':7}}");
	fake_api_putf(controller_scene_api(scene), &revision_kind,
		      "{'apiVersion':'apps/v1','kind':'ControllerRevision','metadata':{"
		      "'name':'bad-1','namespace':'default'},'data':[],'revision':'x'}");
	start_with("", "2");
}

static void the_recreate_strategy_is_refused_with_a_reason(void **state)
{
	controller_scene_put_set(
		scene, "{'updateStrategy':{'type':'Recreate','rollingUpdate':null}}", "nginx:1");
	controller_scene_start(scene, false);
	assert_true(controller_scene_wait_event(
		scene, "UnknownStrategy",
		"statefulset default/web uses the Recreate strategy, which is "
		"not served here: use RollingUpdate or OnDelete"));
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 0);
}

/* What kube-controller-manager 1.34 leaves behind must be good as it is. */
static void a_settled_set_of_kubernetes_is_not_written_to(void **state)
{
	start_with("", "2");
	CLEANUP_FREE char *revision = controller_scene_set(scene, "status.currentRevision");
	CLEANUP_FREE char *data =
		fake_api_field(controller_scene_api(scene), &revision_kind, "default", revision,
			       "data.spec.template.metadata");
	assert_string_equal(data, "{\"labels\":{\"app\":\"nginx\"}}");
	controller_scene_kill(scene);
	/* As 1.33 and older wrote it. */
	fake_api_edit(controller_scene_api(scene), &revision_kind, "default", revision,
		      "{'data':null}");
	fake_api_edit(controller_scene_api(scene), &revision_kind, "default", revision,
		      "{'data':{'spec':{'template':{'$patch':'replace','metadata':{"
		      "'labels':{'app':'nginx'}},'spec':{'containers':[{'name':'nginx',"
		      "'image':'nginx:1'}]}}}}}");
	size_t writes = controller_scene_writes(scene);
	controller_scene_start(scene, false);
	usleep(200000);
	assert_int_equal(controller_scene_writes(scene), writes);
	assert_true(controller_scene_wait_settled(scene, "2"));
}

/* An older API server did not know the field; this one fills it into every template. */
static void a_default_that_the_server_fills_in_is_no_new_revision(void **state)
{
	fake_api_set_template_default(controller_scene_api(scene), "policy");
	start_with("", "2");
	CLEANUP_FREE char *pod = controller_scene_pod(scene, "web-0", "metadata.uid");
	assert_int_equal(fake_api_requests(controller_scene_api(scene), "POST", "podtemplates"), 0);
	controller_scene_edit_set(scene, "{'template':{'spec':{'policy':'default'}}}");
	assert_true(controller_scene_wait_settled(scene, "2"));
	assert_int_equal(fake_api_count(controller_scene_api(scene), &revision_kind), 1);
	expect(controller_scene_pod(scene, "web-0", "metadata.uid"), pod);
	/* Once known it is not asked again, and a value that is no default is a change. */
	controller_scene_edit_set(scene, "{'replicas':1}");
	assert_true(controller_scene_wait_settled(scene, "1"));
	assert_int_equal(fake_api_requests(controller_scene_api(scene), "POST", "podtemplates"), 1);
	controller_scene_edit_set(scene, "{'template':{'spec':{'policy':'other'}}}");
	assert_true(controller_scene_wait_new_pod(scene, "web-0", pod));
	assert_true(controller_scene_wait_settled(scene, "1"));
	assert_int_equal(fake_api_count(controller_scene_api(scene), &revision_kind), 2);
}

static void a_server_that_does_not_compare_makes_it_a_new_revision(void **state)
{
	start_with("{'replicas':1}", "1");
	fake_api_fail_next(controller_scene_api(scene), "POST", "podtemplates", FAKE_API_STATUS,
			   403);
	CLEANUP_FREE char *pod = controller_scene_pod(scene, "web-0", "metadata.uid");
	controller_scene_edit_set(scene, "{'template':{'spec':{'policy':'default'}}}");
	assert_true(controller_scene_wait_new_pod(scene, "web-0", pod));
	assert_true(controller_scene_wait_settled(scene, "1"));
	assert_int_equal(fake_api_count(controller_scene_api(scene), &revision_kind), 2);
}

/* It was frozen, say, and its successor has begun. */
static void it_writes_nothing_once_the_lease_is_lost(void **state)
{
	start_with("", "2");
	controller_scene_depose(scene);
	size_t writes = controller_scene_writes(scene);
	controller_scene_edit_set(scene, "{'replicas':4}");
	usleep(100000);
	assert_int_equal(controller_scene_writes(scene), writes);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 2);
}

/* As after a suspended machine: by our own clock the lease is over, and then it is renewed after
 * all. No event comes to bring back a set that was dropped meanwhile. */
static void a_set_that_changed_while_the_lease_was_in_doubt_is_not_forgotten(void **state)
{
	start_with("", "2");
	controller_scene_depose(scene);
	controller_scene_edit_set(scene, "{'replicas':4}");
	usleep(100000);
	assert_int_equal(fake_api_count(controller_scene_api(scene), &pod_kind), 2);
	controller_scene_restore(scene);
	assert_true(controller_scene_wait_settled(scene, "4"));
}

static void a_broken_watch_loses_nothing(void **state)
{
	start_with("", "2");
	fake_api_cut_watches(controller_scene_api(scene));
	controller_scene_edit_set(scene, "{'replicas':3}");
	assert_true(controller_scene_wait_settled(scene, "3"));
	CLEANUP_FREE char *uid = controller_scene_pod(scene, "web-1", "metadata.uid");
	fake_api_expire(controller_scene_api(scene));
	delete_pod("web-1");
	assert_true(controller_scene_wait_new_pod(scene, "web-1", uid));
	assert_true(controller_scene_wait_settled(scene, "3"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_set_gets_its_claims_and_pods_in_order),
		TEST(a_deleted_pod_comes_back_to_the_same_claim),
		TEST(a_failed_pod_is_replaced),
		TEST(a_deletion_that_is_refused_is_reported_and_tried_again),
		TEST(scaling_goes_up_and_down_in_order_and_keeps_claims),
		TEST(an_update_goes_from_the_top_and_a_rollback_takes_the_old_revision),
		TEST(a_partition_holds_an_update_back),
		TEST(with_on_delete_pods_are_updated_when_they_are_deleted),
		TEST(a_parallel_set_does_not_wait_for_its_pods),
		TEST(an_ordered_set_waits_for_a_pod_that_is_not_ready),
		TEST(a_pod_counts_as_available_when_min_ready_seconds_are_over),
		TEST(an_orphan_is_adopted_and_a_pod_that_no_longer_matches_released),
		TEST(a_claim_that_is_refused_is_reported_and_tried_again),
		TEST(a_claim_that_is_being_deleted_is_waited_for),
		TEST(a_foreign_pod_in_the_way_is_reported),
		TEST(a_foreign_pod_that_is_deleted_makes_way_at_once),
		TEST(a_pod_of_an_earlier_set_of_the_name_is_waited_for),
		TEST(a_conflict_on_the_status_is_written_over),
		TEST(a_set_that_is_being_deleted_is_counted_and_left_alone),
		TEST(old_revisions_are_thrown_away_beyond_the_limit),
		TEST(retention_is_written_into_the_claims),
		TEST(a_malformed_object_stops_no_other_set),
		TEST(the_recreate_strategy_is_refused_with_a_reason),
		TEST(a_settled_set_of_kubernetes_is_not_written_to),
		TEST(a_default_that_the_server_fills_in_is_no_new_revision),
		TEST(a_server_that_does_not_compare_makes_it_a_new_revision),
		TEST(it_writes_nothing_once_the_lease_is_lost),
		TEST(a_set_that_changed_while_the_lease_was_in_doubt_is_not_forgotten),
		TEST(a_broken_watch_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
