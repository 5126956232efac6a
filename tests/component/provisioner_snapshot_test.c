/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The role snapshot-controller on an API server in memory: a snapshot gets its content, becomes
 * ready when the content is, and goes in whatever order its objects are deleted. The test plays the
 * part of the sidecar.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "kube/json.h"
#include "sample.h"
#include "snapshot_scene.h"
#include "test.h"

#define BOUND_NAME "status.boundVolumeSnapshotContentName"

/* Requirements C7, C10 to C16, L6: six writes of the nine, and no read. */
static void a_snapshot_of_a_claim_becomes_ready(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	scene_at_step(scene, 0, NULL, NULL);
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_field_is(scene, BOUND_NAME, SNAPSHOT_SCENE_CONTENT));
	assert_true(snapshot_scene_field_is(scene, "status.readyToUse", "false"));
	assert_true(snapshot_scene_field_is(scene, "spec.volumeSnapshotClassName", "snaps"));
	assert_true(snapshot_scene_is_protected(scene));
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	assert_true(snapshot_scene_field_is(scene, "status.restoreSize", "1Gi"));
	assert_true(snapshot_scene_field_is(scene, "status.creationTime", "2023-11-14T22:13:20Z"));
	assert_true(snapshot_scene_has(scene, &scene_snapshots, "snap", "metadata.finalizers",
				       "as-source"));
	assert_true(snapshot_scene_has(scene, &scene_snapshots, "snap", "metadata.finalizers",
				       "volumesnapshot-bound-protection"));
	assert_true(snapshot_scene_has(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT,
				       "spec.source.volumeHandle", "pvc-www-uid"));
	assert_true(snapshot_scene_has(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT,
				       "spec.volumeSnapshotRef.uid", "snap-uid"));
	assert_true(snapshot_scene_has(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT,
				       "spec.sourceVolumeMode", "Filesystem"));
	assert_true(snapshot_scene_has(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT,
				       "metadata.finalizers",
				       "volumesnapshotcontent-bound-protection"));
	assert_true(scene_wait_event(scene, "CreatingSnapshot", "default/snap"));
	assert_true(scene_wait_event(scene, "SnapshotCreated", "default/snap"));
	assert_true(scene_wait_event(scene, "SnapshotReady", "default/snap"));
	usleep(50000);
	assert_int_equal(scene_steps(scene), 2 * 6);
}

/* Requirements C36, C37, L7: three writes, and a look whether the content is really gone, of the
 * five. */
static void a_deleted_snapshot_goes_with_its_content(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	usleep(50000);
	scene_at_step(scene, 0, NULL, NULL);
	scene_delete(scene, &scene_snapshots, "snap");
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_gone));
	usleep(50000);
	assert_int_equal(scene_steps(scene), 2 * 4);
}

static void set_policy(struct provision_scene *scene, const char *policy)
{
	fake_api_edit(scene_api(scene), &scene_contents, "", SNAPSHOT_SCENE_CONTENT,
		      "{'spec':{'deletionPolicy':'%s'}}", policy);
}

/* The policy may change at any time: what it is at the end counts. */
static void a_retained_content_stays(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	set_policy(scene, "Retain");
	usleep(20000);
	scene_delete(scene, &scene_snapshots, "snap");
	assert_true(snapshot_scene_field_is(scene, "metadata.name", NULL));
	usleep(20000);
	CLEANUP_FREE char *deleted =
		fake_api_field(scene_api(scene), &scene_contents, "", SNAPSHOT_SCENE_CONTENT,
			       "metadata.deletionTimestamp");
	assert_null(deleted);
	assert_true(snapshot_scene_has(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT,
				       "metadata.annotations", "being-deleted"));
}

/* Requirement C39. */
static void a_content_that_a_user_deletes_waits_for_its_snapshot(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	scene_delete(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT);
	usleep(50000);
	assert_false(snapshot_scene_has(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT,
					"metadata.annotations", "being-deleted"));
	scene_delete(scene, &scene_snapshots, "snap");
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_gone));
}

/* Nothing else would mark it; requirement C38 without the deletion. */
static void a_content_without_snapshot_is_marked_when_it_is_deleted(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	fake_api_remove(scene_api(scene), &scene_snapshots, "default", "snap");
	usleep(50000);
	assert_false(snapshot_scene_has(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT,
					"metadata.annotations", "being-deleted"));
	scene_delete(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_gone));
}

/* Requirement C12: by event, not by back-off. */
static void a_pending_claim_is_waited_for(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_alone();
	scene_set_backoff(scene, 60000);
	snapshot_scene_put_class(scene, "snaps", "kentledge.io", true);
	snapshot_scene_put_claim(scene, "Pending");
	scene_start(scene);
	snapshot_scene_put(scene, "{'spec':{'volumeSnapshotClassName':'snaps'}}");
	assert_true(scene_wait_event(scene, "SnapshotContentCreationFailed", "not bound"));
	assert_true(snapshot_scene_has(scene, &scene_snapshots, "snap", "status.error.message",
				       "not bound"));
	snapshot_scene_put_volume(scene, "kentledge.io");
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'status':{'phase':'Bound'}}");
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	assert_true(snapshot_scene_field_is(scene, "status.error", NULL));
}

static void a_missing_claim_is_told(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_alone();
	snapshot_scene_put_class(scene, "snaps", "kentledge.io", true);
	scene_start(scene);
	snapshot_scene_put(scene, "{'spec':{'volumeSnapshotClassName':'snaps'}}");
	assert_true(scene_wait_event(scene, "SnapshotPVCSourceMissing", "www"));
	assert_false(snapshot_scene_exists(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT));
	scene_delete(scene, &scene_snapshots, "snap");
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_gone));
}

/* Requirement C11. */
static void a_claim_that_is_being_deleted_gets_no_snapshot(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'metadata':{'finalizers':['kubernetes.io/pvc-protection'],"
		      "'deletionTimestamp':'2026-01-01T00:00:00Z'}}");
	usleep(20000);
	snapshot_scene_put(scene, NULL);
	assert_true(scene_wait_event(scene, "ErrorPVCFinalizer", "is being deleted"));
	assert_false(snapshot_scene_exists(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT));
}

/* Requirement C7: none, then two, then one. */
static void the_default_class_is_chosen_when_there_is_one(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_alone();
	scene_set_backoff(scene, 60000);
	snapshot_scene_put_volume(scene, "kentledge.io");
	snapshot_scene_put_claim(scene, "Bound");
	snapshot_scene_put_class(scene, "plain", "kentledge.io", false);
	snapshot_scene_put_class(scene, "foreign", "other.example.com", true);
	scene_start(scene);
	snapshot_scene_put(scene, NULL);
	assert_true(scene_wait_event(scene, "SetDefaultSnapshotClassFailed", "no VolumeSnapshot"));
	scene_stop(scene);
	snapshot_scene_put_class(scene, "a", "kentledge.io", true);
	snapshot_scene_put_class(scene, "b", "kentledge.io", true);
	scene_start(scene);
	assert_true(scene_wait_event(scene, "SetDefaultSnapshotClassFailed", "2 VolumeSnapshot"));
	fake_api_remove(scene_api(scene), &scene_snapshot_classes, "", "b");
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	assert_true(snapshot_scene_field_is(scene, "spec.volumeSnapshotClassName", "a"));
}

/* Requirement C8. */
static void a_missing_class_is_told_and_waited_for(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	scene_stop(scene);
	scene_set_backoff(scene, 60000);
	scene_start(scene);
	snapshot_scene_put(scene, "{'spec':{'volumeSnapshotClassName':'later'}}");
	assert_true(scene_wait_event(scene, "GetSnapshotClassFailed", "later"));
	snapshot_scene_put_class(scene, "later", "kentledge.io", false);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	fake_api_remove(scene_api(scene), &scene_snapshot_classes, "", "later");
	scene_delete(scene, &scene_snapshots, "snap");
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_gone));
}

static void half_a_secret_of_the_class_is_told(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	fake_api_edit(scene_api(scene), &scene_snapshot_classes, "", "snaps",
		      "{'parameters':{'csi.storage.k8s.io/snapshotter-secret-name':'key'}}");
	usleep(20000);
	snapshot_scene_put(scene, NULL);
	assert_true(scene_wait_event(scene, "SnapshotContentCreationFailed", "secret-name"));
	assert_true(snapshot_scene_has(scene, &scene_snapshots, "snap", "status.error.message",
				       "secret-name"));
	assert_false(snapshot_scene_exists(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT));
}

/* Requirements C60, Z12. */
static void what_is_of_another_driver_is_not_touched(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_alone();
	snapshot_scene_put_class(scene, "foreign", "other.example.com", true);
	snapshot_scene_put_class(scene, "snaps", "kentledge.io", true);
	snapshot_scene_put_volume(scene, "other.example.com");
	snapshot_scene_put_claim(scene, "Bound");
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'metadata':{'annotations':null,'finalizers':["
		      "'snapshot.storage.kubernetes.io/pvc-as-source-protection']}}");
	scene_start(scene);
	scene_at_step(scene, 0, NULL, NULL);
	snapshot_scene_put(scene, NULL);
	fake_api_putf(scene_api(scene), &scene_snapshots,
		      "{'metadata':{'name':'other','namespace':'default','uid':'other-uid'},"
		      "'spec':{'source':{'volumeSnapshotContentName':'foreign'}}}");
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'foreign'},'spec':{'driver':'other.example.com',"
		      "'deletionPolicy':'Delete','source':{'snapshotHandle':'s'},"
		      "'volumeSnapshotRef':{'namespace':'default','name':'other'}}}");
	usleep(100000);
	scene_delete(scene, &scene_snapshots, "other");
	usleep(50000);
	assert_int_equal(scene_steps(scene), 0);
	assert_false(scene_has_event(scene, "SetDefaultSnapshotClassFailed", ""));
}

/* Whose a snapshot is must not depend on what bears the names of its class and claim later. */
static void a_snapshot_goes_whatever_its_class_and_claim_have_become(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	snapshot_scene_put_class(scene, "snaps", "other.example.com", true);
	snapshot_scene_put_volume(scene, "other.example.com");
	usleep(20000);
	scene_delete(scene, &scene_snapshots, "snap");
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_gone));
}

static void put_content(struct provision_scene *scene, const char *name, const char *patch)
{
	CLEANUP(json_object_putp)
	struct json_object *json =
		sample_json("{'metadata':{'name':'x'},'spec':{'driver':'kentledge.io',"
			    "'deletionPolicy':'Delete','source':{'snapshotHandle':'snapshot-old'},"
			    "'volumeSnapshotRef':{'namespace':'default','name':'snap'}}}",
			    patch);
	json_set_string(json_child(json, "metadata"), "name", name);
	fake_api_put(scene_api(scene), &scene_contents, json_object_to_json_string(json));
}

static void put_snapshot_of_content(struct provision_scene *scene)
{
	snapshot_scene_put(scene, "{'spec':{'source':{'persistentVolumeClaimName':null,"
				  "'volumeSnapshotContentName':'old'}}}");
}

/* Requirements C17, C30: the content comes later than the snapshot. */
static void an_existing_snapshot_is_bound(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_alone();
	scene_set_backoff(scene, 60000);
	scene_start(scene);
	put_snapshot_of_content(scene);
	assert_true(scene_wait_event(scene, "SnapshotContentMissing", "old"));
	put_content(scene, "old", NULL);
	assert_true(fake_api_wait_field(scene_api(scene), &scene_contents, "", "old",
					"spec.volumeSnapshotRef.uid", "snap-uid"));
	assert_true(snapshot_scene_field_is(scene, BOUND_NAME, "old"));
	snapshot_scene_play_sidecar(scene, "old");
	assert_true(snapshot_scene_field_is(scene, "status.readyToUse", "true"));
	assert_true(snapshot_scene_has(scene, &scene_contents, "old", "metadata.finalizers",
				       "content-bound"));
	scene_delete(scene, &scene_snapshots, "snap");
	for (unsigned i = 0; i < 5000 && snapshot_scene_exists(scene, &scene_contents, "old");
	     i++) {
		snapshot_scene_play_sidecar(scene, "old");
		usleep(1000);
	}
	assert_false(snapshot_scene_exists(scene, &scene_contents, "old"));
	assert_true(snapshot_scene_field_is(scene, "metadata.name", NULL));
}

static void a_content_of_another_snapshot_is_told(void **state)
{
	static const struct {
		const char *content;
		const char *reason;
		const char *secret; /* in neither status nor event */
	} cases[] = {
		{ "{'spec':{'volumeSnapshotRef':{'namespace':'far','name':'away'}}}",
		  "SnapshotContentMismatch", "away" },
		{ "{'spec':{'volumeSnapshotRef':{'uid':'old-uid'}}}", "SnapshotContentMisbound",
		  "old-uid" },
		{ "{'spec':{'source':{'snapshotHandle':null,'volumeHandle':'v-1'}}}",
		  "SnapshotContentMismatch", "v-1" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_alone();
		put_content(scene, "old", cases[i].content);
		scene_start(scene);
		put_snapshot_of_content(scene);
		if (!scene_wait_event(scene, cases[i].reason, "old"))
			fail_msg("case %zu: no event %s", i, cases[i].reason);
		/* Whose it is is not for the namespace of the one that asks. */
		assert_false(snapshot_scene_has(scene, &scene_snapshots, "snap",
						"status.error.message", cases[i].secret));
		assert_false(scene_has_event(scene, cases[i].reason, cases[i].secret));
		assert_false(snapshot_scene_has(scene, &scene_contents, "old",
						"spec.volumeSnapshotRef", "snap-uid"));
		scene_delete(scene, &scene_snapshots, "snap");
		assert_true(snapshot_scene_field_is(scene, "metadata.name", NULL));
		assert_true(snapshot_scene_exists(scene, &scene_contents, "old"));
	}
}

/* Requirement C31. */
static void a_content_that_vanished_is_told_and_not_replaced(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	fake_api_remove(scene_api(scene), &scene_contents, "", SNAPSHOT_SCENE_CONTENT);
	assert_true(scene_wait_event(scene, "SnapshotContentMissing", SNAPSHOT_SCENE_CONTENT));
	assert_true(snapshot_scene_field_is(scene, "status.readyToUse", "false"));
	usleep(50000);
	assert_false(snapshot_scene_exists(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT));
	scene_delete(scene, &scene_snapshots, "snap");
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_gone));
}

/* Requirement C34: by event. */
static void a_snapshot_that_is_being_restored_stays(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
	snapshot_scene_put(scene, NULL);
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_ready));
	fake_api_putf(scene_api(scene), &scene_claims,
		      "{'metadata':{'name':'restored','namespace':'default','uid':'r-uid'},"
		      "'spec':{'storageClassName':'kentledge','dataSource':{"
		      "'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"
		      "'name':'snap'}},'status':{'phase':'Pending'}}");
	usleep(20000);
	scene_delete(scene, &scene_snapshots, "snap");
	assert_true(scene_wait_event(scene, "SnapshotDeletePending", "default/restored"));
	assert_true(snapshot_scene_exists(scene, &scene_snapshots, "snap") &&
		    snapshot_scene_exists(scene, &scene_contents, SNAPSHOT_SCENE_CONTENT));
	fake_api_edit(scene_api(scene), &scene_claims, "default", "restored",
		      "{'status':{'phase':'Bound'}}");
	assert_true(snapshot_scene_wait(scene, snapshot_scene_is_gone));
}

/* Requirements C45, C46: whatever is deleted first. */
static void all_of_it_goes_in_any_order(void **state)
{
	static const char *const orders[] = { "scx", "sxc", "csx", "cxs", "xsc", "xcs" };
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = snapshot_scene_new();
		snapshot_scene_put(scene, NULL);
		assert_true(snapshot_scene_field_is(scene, BOUND_NAME, SNAPSHOT_SCENE_CONTENT));
		for (const char *what = orders[i]; *what; what++) {
			scene_delete(scene,
				     *what == 's'   ? &scene_snapshots
				     : *what == 'c' ? &scene_claims
						    : &scene_contents,
				     *what == 's'   ? "snap"
				     : *what == 'c' ? "www"
						    : SNAPSHOT_SCENE_CONTENT);
			usleep(5000);
		}
		if (!snapshot_scene_wait(scene, snapshot_scene_all_is_gone))
			fail_msg("deleted in the order %s: something is left", orders[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_of_a_claim_becomes_ready),
		cmocka_unit_test(a_deleted_snapshot_goes_with_its_content),
		cmocka_unit_test(a_retained_content_stays),
		cmocka_unit_test(a_content_that_a_user_deletes_waits_for_its_snapshot),
		cmocka_unit_test(a_content_without_snapshot_is_marked_when_it_is_deleted),
		cmocka_unit_test(a_pending_claim_is_waited_for),
		cmocka_unit_test(a_missing_claim_is_told),
		cmocka_unit_test(a_claim_that_is_being_deleted_gets_no_snapshot),
		cmocka_unit_test(the_default_class_is_chosen_when_there_is_one),
		cmocka_unit_test(a_missing_class_is_told_and_waited_for),
		cmocka_unit_test(half_a_secret_of_the_class_is_told),
		cmocka_unit_test(what_is_of_another_driver_is_not_touched),
		cmocka_unit_test(a_snapshot_goes_whatever_its_class_and_claim_have_become),
		cmocka_unit_test(an_existing_snapshot_is_bound),
		cmocka_unit_test(a_content_of_another_snapshot_is_told),
		cmocka_unit_test(a_content_that_vanished_is_told_and_not_replaced),
		cmocka_unit_test(a_snapshot_that_is_being_restored_stays),
		cmocka_unit_test(all_of_it_goes_in_any_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
