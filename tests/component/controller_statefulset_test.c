/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "controller_bed.h"
#include "kube/json.h"
#include "kube/verbs.h"

static struct controller_bed *bed;

static int set_up(void **state)
{
	log_set_level(getenv("V") ? LOG_DEBUG : LOG_ERROR);
	bed = controller_bed_new();
	return 0;
}

static int tear_down(void **state)
{
	const char *complaint = bed_complaint(bed);
	if (complaint)
		print_error("%s\n", complaint);
	int outcome = complaint ? -1 : 0;
	controller_bed_free(bed);
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
	struct kube_client *client = kube_client_new_over(fake_api_connect(bed_api(bed)));
	struct error err;
	assert_int_equal(kube_delete(client, &pod_kind, "default", name, NULL, NULL, &err), 0);
}

static void start_with(const char *spec, const char *replicas)
{
	bed_put_set(bed, spec, "nginx:1");
	bed_start(bed, false);
	assert_true(bed_wait_settled(bed, replicas));
}

static void a_set_gets_its_claims_and_pods_in_order(void **state)
{
	start_with("{'replicas':3}", "3");
	assert_string_equal(bed_created(bed), "web-0 web-1 web-2");
	assert_int_equal(fake_api_count(bed_api(bed), &claim_kind), 3);
	assert_int_equal(fake_api_count(bed_api(bed), &revision_kind), 1);
	expect(bed_claim(bed, "www-web-2", "spec.resources.requests.storage"), "1Gi");
	expect(bed_pod(bed, "web-0", "spec.hostname"), "web-0");
	expect(bed_pod(bed, "web-0", "spec.subdomain"), "nginx");
	assert_true(bed_wait_event(bed, "SuccessfulCreate",
				   "create Claim www-web-0 Pod web-0 in StatefulSet web success"));
	assert_true(bed_wait_event(bed, "SuccessfulCreate",
				   "create Pod web-2 in StatefulSet web successful"));
}

static void a_deleted_pod_comes_back_to_the_same_claim(void **state)
{
	start_with("", "2");
	CLEANUP_FREE char *pod = bed_pod(bed, "web-0", "metadata.uid");
	CLEANUP_FREE char *claim = bed_claim(bed, "www-web-0", "metadata.uid");
	delete_pod("web-0");
	assert_true(bed_wait_new_pod(bed, "web-0", pod));
	assert_true(bed_wait_settled(bed, "2"));
	expect(bed_claim(bed, "www-web-0", "metadata.uid"), claim);
	assert_int_equal(fake_api_count(bed_api(bed), &claim_kind), 2);
}

static void a_failed_pod_is_replaced(void **state)
{
	start_with("", "2");
	CLEANUP_FREE char *pod = bed_pod(bed, "web-1", "metadata.uid");
	fake_api_edit(bed_api(bed), &pod_kind, "default", "web-1", "{'status':{'phase':'Failed'}}");
	assert_true(bed_wait_set(bed, "status.readyReplicas", "1"));
	assert_true(bed_wait_settled(bed, "2"));
	CLEANUP_FREE char *again = bed_pod(bed, "web-1", "metadata.uid");
	assert_string_not_equal(again, pod);
	assert_true(bed_wait_event(bed, "SuccessfulDelete",
				   "delete Pod web-1 in StatefulSet web successful"));
}

/* Not only a uid that differs is answered with 409: a webhook may refuse in the same words. */
static void a_pod_that_must_not_go_is_told_and_tried_again(void **state)
{
	start_with("", "2");
	fake_api_fail_next(bed_api(bed), "DELETE", "pods/web-1", FAKE_API_STATUS, 409);
	fake_api_edit(bed_api(bed), &pod_kind, "default", "web-1", "{'status':{'phase':'Failed'}}");
	assert_true(bed_wait_event(bed, "FailedDelete",
				   "delete Pod web-1 in StatefulSet web failed error: "
				   "delete Pod default/web-1: a fault of the test"));
	assert_true(bed_wait_event(bed, "SuccessfulDelete",
				   "delete Pod web-1 in StatefulSet web successful"));
	assert_true(bed_wait_settled(bed, "2"));
}

static void scaling_goes_up_and_down_in_order_and_keeps_claims(void **state)
{
	start_with("{'replicas':1}", "1");
	bed_edit_set(bed, "{'replicas':4}");
	assert_true(bed_wait_settled(bed, "4"));
	bed_edit_set(bed, "{'replicas':1}");
	assert_true(bed_wait_settled(bed, "1"));
	assert_string_equal(bed_created(bed), "web-0 web-1 web-2 web-3");
	assert_string_equal(bed_deleted(bed), "web-3 web-2 web-1");
	assert_int_equal(fake_api_count(bed_api(bed), &claim_kind), 4);
	assert_int_equal(fake_api_count(bed_api(bed), &pod_kind), 1);
}

static void an_update_goes_from_the_top_and_a_rollback_takes_the_old_revision(void **state)
{
	start_with("{'replicas':3}", "3");
	CLEANUP_FREE char *first = bed_set(bed, "status.currentRevision");
	bed_set_image(bed, "nginx:2");
	assert_true(bed_wait_settled(bed, "3"));
	assert_string_equal(bed_deleted(bed), "web-2 web-1 web-0");
	CLEANUP_FREE char *second = bed_set(bed, "status.currentRevision");
	assert_string_not_equal(first, second);
	expect(bed_revision(bed, "web-0"), second);

	bed_set_image(bed, "nginx:1");
	assert_true(bed_wait_settled(bed, "3"));
	expect(bed_set(bed, "status.currentRevision"), first);
	expect(bed_revision(bed, "web-2"), first);
	assert_int_equal(fake_api_count(bed_api(bed), &revision_kind), 2);
	expect(fake_api_field(bed_api(bed), &revision_kind, "default", first, "revision"), "3");
	assert_int_equal(fake_api_count(bed_api(bed), &claim_kind), 3);
}

static void a_partition_holds_an_update_back(void **state)
{
	start_with("{'replicas':3,'updateStrategy':{'rollingUpdate':{'partition':2}}}", "3");
	CLEANUP_FREE char *first = bed_set(bed, "status.currentRevision");
	bed_set_image(bed, "nginx:2");
	assert_true(bed_wait_set(bed, "status.updatedReplicas", "1"));
	CLEANUP_FREE char *second = bed_set(bed, "status.updateRevision");
	assert_true(bed_wait_set(bed, "status.readyReplicas", "3"));
	expect(bed_revision(bed, "web-2"), second);
	/* A pod below the partition comes back as it was, and promotes nothing. */
	delete_pod("web-0");
	assert_true(bed_wait_set(bed, "status.readyReplicas", "2"));
	assert_true(bed_wait_set(bed, "status.readyReplicas", "3"));
	expect(bed_revision(bed, "web-0"), first);
	expect(bed_set(bed, "status.currentRevision"), first);
	bed_edit_set(bed, "{'updateStrategy':{'rollingUpdate':{'partition':0}}}");
	assert_true(bed_wait_settled(bed, "3"));
	expect(bed_revision(bed, "web-0"), second);
}

static void with_on_delete_pods_are_updated_when_they_are_deleted(void **state)
{
	start_with("{'updateStrategy':{'type':'OnDelete','rollingUpdate':null}}", "2");
	CLEANUP_FREE char *first = bed_set(bed, "status.currentRevision");
	bed_set_image(bed, "nginx:2");
	assert_true(bed_wait_set(bed, "status.updatedReplicas", "0"));
	expect(bed_revision(bed, "web-0"), first);
	assert_string_equal(bed_deleted(bed), "");
	delete_pod("web-1");
	assert_true(bed_wait_set(bed, "status.updatedReplicas", "1"));
	delete_pod("web-0");
	assert_true(bed_wait_settled(bed, "2"));
	CLEANUP_FREE char *second = bed_set(bed, "status.currentRevision");
	assert_string_not_equal(first, second);
}

static void a_parallel_set_does_not_wait_for_its_pods(void **state)
{
	bed_hold_kubelet(bed, true);
	bed_put_set(bed, "{'replicas':5,'podManagementPolicy':'Parallel'}", "nginx:1");
	bed_start(bed, false);
	assert_true(fake_api_wait_count(bed_api(bed), &pod_kind, 5));
	assert_true(bed_wait_set(bed, "status.replicas", "5"));
	bed_edit_set(bed, "{'replicas':2}");
	assert_true(fake_api_wait_count(bed_api(bed), &pod_kind, 2));
}

static void an_ordered_set_waits_for_a_pod_that_is_not_ready(void **state)
{
	bed_hold_kubelet(bed, true);
	bed_put_set(bed, "{'replicas':3}", "nginx:1");
	bed_start(bed, false);
	assert_true(bed_wait_set(bed, "status.replicas", "1"));
	usleep(50000);
	assert_int_equal(fake_api_count(bed_api(bed), &pod_kind), 1);
}

static void a_pod_counts_as_available_when_min_ready_seconds_are_over(void **state)
{
	bed_put_set(bed, "{'replicas':2,'minReadySeconds':2}", "nginx:1");
	bed_start(bed, false);
	uint64_t start_ms = clock_monotonic_ms();
	assert_true(bed_wait_set(bed, "status.readyReplicas", "1"));
	expect(bed_set(bed, "status.availableReplicas"), "0");
	assert_true(bed_wait_settled(bed, "2"));
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
	fake_api_putf(bed_api(bed), &pod_kind, orphan, "web-0", "nginx", "web-0");
	fake_api_putf(bed_api(bed), &pod_kind, orphan, "web-7", "other", "web-7");
	fake_api_putf(bed_api(bed), &pod_kind, orphan, "db-0", "nginx", "db-0");
#pragma GCC diagnostic pop
	CLEANUP_FREE char *uid = bed_pod(bed, "web-0", "metadata.uid");
	bed_put_set(bed, "{'updateStrategy':{'type':'OnDelete','rollingUpdate':null}}", "nginx:1");
	bed_start(bed, false);
	assert_true(bed_wait_pod(bed, "web-1", "metadata.name", "web-1"));
	expect(bed_pod(bed, "web-0", "metadata.uid"), uid);
	CLEANUP_FREE char *owners = bed_pod(bed, "web-0", "metadata.ownerReferences");
	assert_non_null(strstr(owners, "\"controller\":true"));
	expect(bed_pod(bed, "web-7", "metadata.ownerReferences"), NULL);
	expect(bed_pod(bed, "db-0", "metadata.ownerReferences"), NULL);

	fake_api_edit(bed_api(bed), &pod_kind, "default", "web-0",
		      "{'metadata':{'labels':{'app':'else'}}}");
	assert_true(bed_wait_pod(bed, "web-0", "metadata.ownerReferences", "[]"));
	expect(bed_pod(bed, "web-0", "metadata.uid"), uid);
}

static void a_claim_that_is_refused_is_told_and_tried_again(void **state)
{
	const struct fake_api_failure failure = {
		.method = "POST",
		.path_part = "persistentvolumeclaims",
		.how = FAKE_API_STATUS,
		.status = 403,
		.times = 3,
	};
	fake_api_fail(bed_api(bed), &failure);
	start_with("", "2");
	assert_int_equal(fake_api_count(bed_api(bed), &claim_kind), 2);
	assert_int_equal(fake_api_requests(bed_api(bed), "POST", "persistentvolumeclaims"), 5);
}

static void a_claim_that_is_being_deleted_is_waited_for(void **state)
{
	fake_api_putf(bed_api(bed), &claim_kind,
		      "{'apiVersion':'v1','kind':'PersistentVolumeClaim','metadata':{"
		      "'name':'www-web-0','namespace':'default','finalizers':['x/y'],"
		      "'deletionTimestamp':'2026-01-01T00:00:00Z'},'spec':{'accessModes':"
		      "['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}");
	bed_put_set(bed, "", "nginx:1");
	bed_start(bed, false);
	assert_true(bed_wait_event(bed, "FailedCreate",
				   "create Pod web-0 in StatefulSet web failed error: "
				   "pod web-0 waits until claim www-web-0 is gone: "
				   "pvc www-web-0 is being deleted"));
	assert_true(bed_wait_set(bed, "status.replicas", "0"));
	assert_int_equal(fake_api_count(bed_api(bed), &pod_kind), 0);
	usleep(100000);
	fake_api_remove(bed_api(bed), &claim_kind, "default", "www-web-0");
	assert_true(bed_wait_settled(bed, "2"));
}

static void a_pod_of_somebody_else_in_the_way_is_told(void **state)
{
	fake_api_putf(
		bed_api(bed), &pod_kind,
		"{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0',"
		"'namespace':'default','annotations':{'seen':'yes'},'labels':{'app':'other'}},"
		"'spec':{'nodeName':'n1'},'status':{'phase':'Running'}}");
	bed_put_set(bed, "", "nginx:1");
	bed_start(bed, false);
	assert_true(bed_wait_event(bed, "FailedCreate",
				   "create Pod web-0 in StatefulSet web failed error: "
				   "a pod that is not this set's has the name web-0: "
				   "delete it"));
	fake_api_remove(bed_api(bed), &pod_kind, "default", "web-0");
	assert_true(bed_wait_settled(bed, "2"));
}

/* Whoever was told to delete it should not have to wait for our backoff. */
static void a_pod_of_somebody_else_that_leaves_makes_way_at_once(void **state)
{
	fake_api_putf(
		bed_api(bed), &pod_kind,
		"{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0',"
		"'namespace':'default','annotations':{'seen':'yes'},'labels':{'app':'other'}},"
		"'spec':{'nodeName':'n1'},'status':{'phase':'Running'}}");
	bed_set_backoff(bed, 60000);
	bed_put_set(bed, "", "nginx:1");
	bed_start(bed, false);
	assert_true(bed_wait_set(bed, "status.replicas", "0"));
	usleep(20000);
	fake_api_remove(bed_api(bed), &pod_kind, "default", "web-0");
	assert_true(bed_wait_settled(bed, "2"));
}

/* As after `kubectl delete` and `kubectl apply` in a row: the garbage collector is still at work.
 */
static void a_pod_of_an_earlier_set_of_the_name_is_waited_for(void **state)
{
	fake_api_putf(
		bed_api(bed), &pod_kind,
		"{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0',"
		"'namespace':'default','annotations':{'seen':'yes'},'labels':{'app':'nginx'},"
		"'ownerReferences':[{'apiVersion':'apps/v1','kind':'StatefulSet','name':'web',"
		"'uid':'earlier','controller':true}]},'spec':{'nodeName':'n1'},"
		"'status':{'phase':'Running'}}");
	bed_put_set(bed, "", "nginx:1");
	bed_start(bed, false);
	assert_true(bed_wait_set(bed, "status.replicas", "0"));
	fake_api_remove(bed_api(bed), &pod_kind, "default", "web-0");
	assert_true(bed_wait_settled(bed, "2"));
}

static void a_conflict_on_the_status_is_written_over(void **state)
{
	fake_api_fail_next(bed_api(bed), "PATCH", "web/status", FAKE_API_STATUS, 409);
	fake_api_fail_next(bed_api(bed), "PATCH", "web/status", FAKE_API_STATUS, 409);
	start_with("", "2");
}

static void a_set_that_is_being_deleted_is_counted_and_left_alone(void **state)
{
	start_with("", "2");
	size_t creates = fake_api_requests(bed_api(bed), "POST", "/pods");
	fake_api_edit(bed_api(bed), &statefulset_apps_kind, "default", "web",
		      "{'metadata':{'generation':7,'finalizers':['foregroundDeletion'],"
		      "'deletionTimestamp':'2026-01-01T00:00:00Z'}}");
	assert_true(bed_wait_set(bed, "status.observedGeneration", "7"));
	delete_pod("web-1");
	assert_true(bed_wait_set(bed, "status.replicas", "1"));
	assert_int_equal(fake_api_requests(bed_api(bed), "POST", "/pods"), creates);
}

static void old_revisions_are_thrown_away_beyond_the_limit(void **state)
{
	start_with("{'replicas':1,'revisionHistoryLimit':1}", "1");
	for (int i = 2; i <= 4; i++) {
		CLEANUP_FREE char *image = must_printf("nginx:%d", i);
		bed_set_image(bed, image);
		assert_true(bed_wait_settled(bed, "1"));
	}
	assert_true(fake_api_wait_count(bed_api(bed), &revision_kind, 2));
}

static void retention_is_written_into_the_claims(void **state)
{
	start_with("{'persistentVolumeClaimRetentionPolicy':"
		   "{'whenDeleted':'Delete','whenScaled':'Delete'}}",
		   "2");
	CLEANUP_FREE char *uid = bed_set(bed, "metadata.uid");
	CLEANUP_FREE char *wanted = must_printf(
		"[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"web\","
		"\"uid\":\"%s\",\"controller\":true,\"blockOwnerDeletion\":true}]",
		uid);
	assert_true(fake_api_wait_field(bed_api(bed), &claim_kind, "default", "www-web-1",
					"metadata.ownerReferences", wanted));
	CLEANUP_FREE char *pod = bed_pod(bed, "web-1", "metadata.uid");
	CLEANUP_FREE char *scaled =
		must_printf("[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"web-1\","
			    "\"uid\":\"%s\",\"controller\":true,\"blockOwnerDeletion\":true}]",
			    pod);
	bed_edit_set(bed, "{'replicas':1}");
	assert_true(fake_api_wait_field(bed_api(bed), &claim_kind, "default", "www-web-1",
					"metadata.ownerReferences", scaled));
	assert_true(bed_wait_settled(bed, "1"));
}

static void a_malformed_object_stops_nobody_else(void **state)
{
	fake_api_putf(bed_api(bed), &statefulset_apps_kind,
		      "{'apiVersion':'apps/v1','kind':'StatefulSet','metadata':{'name':'bad',"
		      "'namespace':'default'},'spec':{'replicas':'many','selector':{}}}");
	fake_api_putf(bed_api(bed), &pod_kind,
		      "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'bad-0',"
		      "'namespace':'default'},'spec':{'volumes':7}}");
	fake_api_putf(bed_api(bed), &revision_kind,
		      "{'apiVersion':'apps/v1','kind':'ControllerRevision','metadata':{"
		      "'name':'bad-1','namespace':'default'},'data':[],'revision':'x'}");
	start_with("", "2");
}

static void the_recreate_strategy_is_refused_with_a_reason(void **state)
{
	bed_put_set(bed, "{'updateStrategy':{'type':'Recreate','rollingUpdate':null}}", "nginx:1");
	bed_start(bed, false);
	assert_true(bed_wait_event(bed, "UnknownStrategy",
				   "statefulset default/web uses the Recreate strategy, which is "
				   "not served here: use RollingUpdate or OnDelete"));
	assert_int_equal(fake_api_count(bed_api(bed), &pod_kind), 0);
}

/* What kube-controller-manager 1.34 leaves behind must be good as it is. */
static void a_settled_set_of_kubernetes_is_not_written_to(void **state)
{
	start_with("", "2");
	CLEANUP_FREE char *revision = bed_set(bed, "status.currentRevision");
	CLEANUP_FREE char *data = fake_api_field(bed_api(bed), &revision_kind, "default", revision,
						 "data.spec.template.metadata");
	assert_string_equal(data, "{\"labels\":{\"app\":\"nginx\"}}");
	bed_kill(bed);
	/* As 1.33 and older wrote it. */
	fake_api_edit(bed_api(bed), &revision_kind, "default", revision, "{'data':null}");
	fake_api_edit(bed_api(bed), &revision_kind, "default", revision,
		      "{'data':{'spec':{'template':{'$patch':'replace','metadata':{"
		      "'labels':{'app':'nginx'}},'spec':{'containers':[{'name':'nginx',"
		      "'image':'nginx:1'}]}}}}}");
	size_t writes = bed_writes(bed);
	bed_start(bed, false);
	usleep(200000);
	assert_int_equal(bed_writes(bed), writes);
	assert_true(bed_wait_settled(bed, "2"));
}

/* An older API server did not know the field; this one fills it into every template. */
static void a_default_that_the_server_fills_in_is_no_new_revision(void **state)
{
	fake_api_set_template_default(bed_api(bed), "policy");
	start_with("", "2");
	CLEANUP_FREE char *pod = bed_pod(bed, "web-0", "metadata.uid");
	assert_int_equal(fake_api_requests(bed_api(bed), "POST", "podtemplates"), 0);
	bed_edit_set(bed, "{'template':{'spec':{'policy':'default'}}}");
	assert_true(bed_wait_settled(bed, "2"));
	assert_int_equal(fake_api_count(bed_api(bed), &revision_kind), 1);
	expect(bed_pod(bed, "web-0", "metadata.uid"), pod);
	/* Once known it is not asked again, and a value that is no default is a change. */
	bed_edit_set(bed, "{'replicas':1}");
	assert_true(bed_wait_settled(bed, "1"));
	assert_int_equal(fake_api_requests(bed_api(bed), "POST", "podtemplates"), 1);
	bed_edit_set(bed, "{'template':{'spec':{'policy':'other'}}}");
	assert_true(bed_wait_new_pod(bed, "web-0", pod));
	assert_true(bed_wait_settled(bed, "1"));
	assert_int_equal(fake_api_count(bed_api(bed), &revision_kind), 2);
}

static void a_server_that_does_not_compare_makes_it_a_new_revision(void **state)
{
	start_with("{'replicas':1}", "1");
	fake_api_fail_next(bed_api(bed), "POST", "podtemplates", FAKE_API_STATUS, 403);
	CLEANUP_FREE char *pod = bed_pod(bed, "web-0", "metadata.uid");
	bed_edit_set(bed, "{'template':{'spec':{'policy':'default'}}}");
	assert_true(bed_wait_new_pod(bed, "web-0", pod));
	assert_true(bed_wait_settled(bed, "1"));
	assert_int_equal(fake_api_count(bed_api(bed), &revision_kind), 2);
}

/* It was frozen, say, and its successor has begun. */
static void it_writes_nothing_once_the_lease_is_lost(void **state)
{
	start_with("", "2");
	bed_depose(bed);
	size_t writes = bed_writes(bed);
	bed_edit_set(bed, "{'replicas':4}");
	usleep(100000);
	assert_int_equal(bed_writes(bed), writes);
	assert_int_equal(fake_api_count(bed_api(bed), &pod_kind), 2);
}

/* As after a suspended machine: by our own clock the lease is over, and then it is renewed after
 * all. No event comes to bring back a set that was dropped meanwhile. */
static void a_set_that_changed_while_the_lease_was_in_doubt_is_not_forgotten(void **state)
{
	start_with("", "2");
	bed_depose(bed);
	bed_edit_set(bed, "{'replicas':4}");
	usleep(100000);
	assert_int_equal(fake_api_count(bed_api(bed), &pod_kind), 2);
	bed_restore(bed);
	assert_true(bed_wait_settled(bed, "4"));
}

static void a_broken_watch_loses_nothing(void **state)
{
	start_with("", "2");
	fake_api_cut_watches(bed_api(bed));
	bed_edit_set(bed, "{'replicas':3}");
	assert_true(bed_wait_settled(bed, "3"));
	CLEANUP_FREE char *uid = bed_pod(bed, "web-1", "metadata.uid");
	fake_api_expire(bed_api(bed));
	delete_pod("web-1");
	assert_true(bed_wait_new_pod(bed, "web-1", uid));
	assert_true(bed_wait_settled(bed, "3"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_set_gets_its_claims_and_pods_in_order),
		TEST(a_deleted_pod_comes_back_to_the_same_claim),
		TEST(a_failed_pod_is_replaced),
		TEST(a_pod_that_must_not_go_is_told_and_tried_again),
		TEST(scaling_goes_up_and_down_in_order_and_keeps_claims),
		TEST(an_update_goes_from_the_top_and_a_rollback_takes_the_old_revision),
		TEST(a_partition_holds_an_update_back),
		TEST(with_on_delete_pods_are_updated_when_they_are_deleted),
		TEST(a_parallel_set_does_not_wait_for_its_pods),
		TEST(an_ordered_set_waits_for_a_pod_that_is_not_ready),
		TEST(a_pod_counts_as_available_when_min_ready_seconds_are_over),
		TEST(an_orphan_is_adopted_and_a_pod_that_no_longer_matches_released),
		TEST(a_claim_that_is_refused_is_told_and_tried_again),
		TEST(a_claim_that_is_being_deleted_is_waited_for),
		TEST(a_pod_of_somebody_else_in_the_way_is_told),
		TEST(a_pod_of_somebody_else_that_leaves_makes_way_at_once),
		TEST(a_pod_of_an_earlier_set_of_the_name_is_waited_for),
		TEST(a_conflict_on_the_status_is_written_over),
		TEST(a_set_that_is_being_deleted_is_counted_and_left_alone),
		TEST(old_revisions_are_thrown_away_beyond_the_limit),
		TEST(retention_is_written_into_the_claims),
		TEST(a_malformed_object_stops_nobody_else),
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
