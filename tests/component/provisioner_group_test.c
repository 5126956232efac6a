/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The role snapshot-controller and group snapshots, on an API server in memory: a group gets its
 * content, then its members, and goes with them. The test plays the part of the sidecar.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "group_scene.h"
#include "kube/json.h"
#include "snapshot_scene.h"
#include "test.h"

#define BOUND_NAME "status.boundVolumeGroupSnapshotContentName"

static bool has_finalizer(struct provision_scene *scene, const char *snapshot, const char *part)
{
	return snapshot_scene_has(scene, &scene_snapshots, snapshot, "metadata.finalizers", part);
}

/* Requirements D5, D8, D12 to D15, D25: of the group a finalizer, the content, two statuses; of
 * each claim a finalizer on and off; of each member four. No read. */
static void a_group_of_claims_becomes_ready(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	CLEANUP_FREE char *member = group_scene_member(0);
	scene_at_step(scene, 0, NULL, NULL);
	group_scene_put(scene, NULL);
	assert_true(group_scene_field_is(scene, BOUND_NAME, GROUP_SCENE_CONTENT));
	assert_true(group_scene_field_is(scene, "status.readyToUse", "false"));
	assert_true(group_scene_field_is(scene, "spec.volumeGroupSnapshotClassName", "groups"));
	assert_true(snapshot_scene_has(scene, &scene_claims, "db-2", "metadata.finalizers",
				       "pvc-as-source-protection"));
	assert_true(snapshot_scene_has(scene, &group_scene_contents, GROUP_SCENE_CONTENT,
				       "spec.source.volumeHandles",
				       "\"pvc-db-0\",\"pvc-db-1\",\"pvc-db-2\""));
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	assert_true(group_scene_field_is(scene, "status.creationTime", "2023-11-14T22:13:20Z"));
	assert_true(has_finalizer(scene, member, "volumesnapshot-in-group-protection"));
	assert_true(has_finalizer(scene, member, "volumesnapshot-bound-protection"));
	assert_true(snapshot_scene_has(scene, &scene_snapshots, member,
				       "spec.source.persistentVolumeClaimName", "db-0"));
	assert_true(snapshot_scene_has(scene, &scene_snapshots, member,
				       "status.volumeGroupSnapshotName", "g"));
	assert_true(snapshot_scene_has(scene, &scene_snapshots, member, "metadata.ownerReferences",
				       "g-uid"));
	assert_true(scene_wait_event(scene, "CreatingGroupSnapshot", "default/g"));
	assert_true(scene_wait_event(scene, "GroupSnapshotCreated", "default/g"));
	assert_true(scene_wait_event(scene, "GroupSnapshotReady", "default/g"));
	usleep(50000);
	assert_int_equal(scene_steps(scene), 2 * (4 + GROUP_SCENE_MEMBERS * (2 + 4)));
}

static void a_member_has_a_content_of_its_own(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	CLEANUP_FREE char *member = group_scene_member(1);
	group_scene_put(scene, NULL);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	CLEANUP_FREE char *content =
		fake_api_field(scene_api(scene), &scene_snapshots, "default", member,
			       "status.boundVolumeSnapshotContentName");
	assert_non_null(content);
	static const struct {
		const char *path;
		const char *value;
	} fields[] = {
		{ "spec.source.volumeHandle", "pvc-db-1" },
		{ "spec.driver", "kentledge.io" },
		{ "spec.deletionPolicy", "Delete" },
		{ "status.snapshotHandle", "snap-1" },
		{ "status.volumeGroupSnapshotHandle", "group-1" },
		{ "status.restoreSize", "1073741824" },
		{ "metadata.annotations", "group-1" },
		{ "metadata.annotations", "node-a" },
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!snapshot_scene_has(scene, &scene_contents, content, fields[i].path,
					fields[i].value))
			fail_msg("%s is not %s", fields[i].path, fields[i].value);
}

/* Requirements D16, D17, C35: a mark; of each member three; the content; the finalizer. Then each
 * member goes as any snapshot does. */
static void a_deleted_group_goes_with_its_members(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	CLEANUP_FREE char *member = group_scene_member(0);
	group_scene_put(scene, NULL);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	scene_delete(scene, &scene_snapshots, member);
	assert_true(scene_wait_event(scene, "SnapshotDeletePending", "VolumeGroupSnapshot \"g\""));
	assert_true(snapshot_scene_exists(scene, &scene_snapshots, member));
	scene_delete(scene, &group_scene_groups, "g");
	assert_true(group_scene_wait(scene, group_scene_is_gone));
}

static void a_retained_group_leaves_its_contents(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	fake_api_edit(scene_api(scene), &group_scene_classes, "", "groups",
		      "{'deletionPolicy':'Retain'}");
	usleep(100000);
	group_scene_put(scene, NULL);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	scene_delete(scene, &group_scene_groups, "g");
	assert_true(group_scene_field_is(scene, "metadata.name", NULL));
	assert_true(fake_api_wait_count(scene_api(scene), &scene_snapshots, 0));
	assert_int_equal(fake_api_count(scene_api(scene), &group_scene_contents), 1);
	assert_int_equal(fake_api_count(scene_api(scene), &scene_contents), GROUP_SCENE_MEMBERS);
	CLEANUP_FREE char *deleted =
		fake_api_field(scene_api(scene), &group_scene_contents, "", GROUP_SCENE_CONTENT,
			       "metadata.deletionTimestamp");
	assert_null(deleted);
}

/* Requirement D17. */
static void a_group_of_which_a_member_is_restored_stays(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	CLEANUP_FREE char *member = group_scene_member(2);
	group_scene_put(scene, NULL);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	fake_api_putf(scene_api(scene), &scene_claims,
		      "{'metadata':{'name':'restored','namespace':'default','uid':'r-uid'},"
		      "'spec':{'storageClassName':'kentledge','dataSource':{"
		      "'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"
		      "'name':'%s'}},'status':{'phase':'Pending'}}",
		      member);
	usleep(100000);
	scene_delete(scene, &group_scene_groups, "g");
	assert_true(scene_wait_event(scene, "SnapshotDeletePending", "default/restored"));
	assert_true(has_finalizer(scene, member, "volumesnapshot-in-group-protection"));
	fake_api_edit(scene_api(scene), &scene_claims, "default", "restored",
		      "{'status':{'phase':'Bound'}}");
	assert_true(group_scene_wait(scene, group_scene_is_gone));
}

static bool is_being_deleted(struct provision_scene *scene)
{
	CLEANUP_FREE char *deleted =
		fake_api_field(scene_api(scene), &group_scene_contents, "", GROUP_SCENE_CONTENT,
			       "metadata.deletionTimestamp");
	return deleted != NULL;
}

/* A claim may have begun to be made from it: the data go when the last member has gone. */
static void the_content_waits_for_the_members(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	CLEANUP_FREE char *member = group_scene_member(1);
	group_scene_put(scene, NULL);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	fake_api_edit(scene_api(scene), &scene_snapshots, "default", member,
		      "{'metadata':{'finalizers':['example.com/restoring',"
		      "'snapshot.storage.kubernetes.io/volumesnapshot-in-group-protection',"
		      "'snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection',"
		      "'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection']}}");
	scene_delete(scene, &group_scene_groups, "g");
	for (unsigned i = 0; i < 200; i++) {
		group_scene_play_sidecar(scene);
		usleep(1000);
	}
	assert_true(snapshot_scene_exists(scene, &scene_snapshots, member));
	assert_false(is_being_deleted(scene));
	fake_api_remove(scene_api(scene), &scene_snapshots, "default", member);
	assert_true(group_scene_wait(scene, group_scene_is_gone));
}

/* Requirement D9: the whole selector. */
static void claims_are_chosen_by_expressions_too(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	fake_api_edit(scene_api(scene), &scene_claims, "default", "db-1",
		      "{'metadata':{'labels':{'tier':'log'}}}");
	usleep(100000);
	group_scene_put(scene, "{'spec':{'source':{'selector':{'matchExpressions':[{"
			       "'key':'tier','operator':'DoesNotExist'}]}}}}");
	assert_true(group_scene_field_is(scene, BOUND_NAME, GROUP_SCENE_CONTENT));
	assert_true(snapshot_scene_has(scene, &group_scene_contents, GROUP_SCENE_CONTENT,
				       "spec.source.volumeHandles", "\"pvc-db-0\",\"pvc-db-2\""));
}

/* Nothing is made, and the status says why. */
static void expect_refusal(struct provision_scene *scene, const char *reason, const char *text)
{
	if (!scene_wait_event(scene, reason, text))
		fail_msg("no event %s with \"%s\"", reason, text);
	assert_true(
		snapshot_scene_has(scene, &group_scene_groups, "g", "status.error.message", text));
	assert_int_equal(fake_api_count(scene_api(scene), &group_scene_contents), 0);
	assert_false(snapshot_scene_has(scene, &scene_claims, "db-0", "metadata.finalizers",
					"pvc-as-source-protection"));
}

/* Requirements D9 to D11. */
static void what_cannot_be_a_group_is_refused(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	group_scene_put(scene, "{'spec':{'source':{'selector':{'matchLabels':null}}}}");
	expect_refusal(scene, "GroupSnapshotValidationError", "is empty");
	group_scene_put(scene, "{'spec':{'source':{'selector':{'matchExpressions':[{"
			       "'key':'app','operator':'Like'}]}}}}");
	expect_refusal(scene, "GroupSnapshotValidationError", "\"Like\" is not In");
	group_scene_put(scene, "{'spec':{'source':{'selector':{'matchLabels':{'app':'no'}}}}}");
	expect_refusal(scene, "CreateGroupSnapshotContentFailed", "no claim");
	group_scene_put(scene, "{'spec':{'volumeGroupSnapshotClassName':'later'}}");
	expect_refusal(scene, "GetGroupSnapshotClassFailed", "later");
	fake_api_edit(scene_api(scene), &scene_claims, "default", "db-1",
		      "{'status':{'phase':'Pending'}}");
	usleep(100000); /* until the copy shows it */
	group_scene_put(scene, "{'spec':{'volumeGroupSnapshotClassName':'groups'}}");
	expect_refusal(scene, "CreateGroupSnapshotContentFailed", "\"db-1\" is not bound");
}

static void a_group_over_two_nodes_is_refused_by_name(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	group_scene_put_claim(scene, 1, "node-b");
	usleep(100000);
	group_scene_put(scene, NULL);
	expect_refusal(scene, "GroupSnapshotCreationFailed",
		       "node \"node-a\" has default/db-0, default/db-2; node \"node-b\" has "
		       "default/db-1");
}

/* By event, not by back-off. */
static void a_claim_that_is_not_bound_yet_is_waited_for(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	scene_stop(scene);
	scene_set_backoff(scene, 60000);
	fake_api_edit(scene_api(scene), &scene_claims, "default", "db-1",
		      "{'status':{'phase':'Pending'}}");
	scene_start(scene);
	group_scene_put(scene, NULL);
	expect_refusal(scene, "CreateGroupSnapshotContentFailed", "\"db-1\" is not bound");
	fake_api_edit(scene_api(scene), &scene_claims, "default", "db-1",
		      "{'status':{'phase':'Bound'}}");
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	assert_true(group_scene_field_is(scene, "status.error", NULL));
}

/* Requirement D8. */
static void the_default_class_must_be_one(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	group_scene_put_class(scene, "others", "other.example.com", true);
	group_scene_put_class(scene, "more", "kentledge.io", true);
	usleep(100000);
	group_scene_put(scene, NULL);
	expect_refusal(scene, "SetDefaultGroupSnapshotClassFailed", "2 default snapshot classes");
	group_scene_put_class(scene, "more", "kentledge.io", false);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	assert_true(group_scene_field_is(scene, "spec.volumeGroupSnapshotClassName", "groups"));
}

/* Requirements Z12, C60. */
static void what_is_of_another_driver_is_not_touched(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	group_scene_put_class(scene, "others", "other.example.com", false);
	usleep(100000);
	scene_at_step(scene, 0, NULL, NULL);
	group_scene_put(scene, "{'spec':{'volumeGroupSnapshotClassName':'others'}}");
	fake_api_putf(scene_api(scene), &group_scene_contents,
		      "{'metadata':{'name':'foreign'},'spec':{'driver':'other.example.com',"
		      "'deletionPolicy':'Delete','source':{'volumeHandles':['v']},"
		      "'volumeGroupSnapshotRef':{'namespace':'default','name':'h'}}}");
	usleep(100000);
	scene_delete(scene, &group_scene_groups, "g");
	usleep(50000);
	assert_int_equal(scene_steps(scene), 0);
}

/* Requirement D19: the content comes later than the group. Its snapshots have objects of the
 * administrator's, also if the content lists them. */
static void an_existing_group_is_bound_and_gets_no_members(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	group_scene_put(scene, "{'spec':{'source':{'selector':null,"
			       "'volumeGroupSnapshotContentName':'" GROUP_SCENE_CONTENT "'}}}");
	assert_true(scene_wait_event(scene, "GroupSnapshotContentMissing", GROUP_SCENE_CONTENT));
	fake_api_putf(scene_api(scene), &group_scene_contents,
		      "{'metadata':{'name':'" GROUP_SCENE_CONTENT "'},'spec':{"
		      "'driver':'kentledge.io','deletionPolicy':'Delete','source':{"
		      "'groupSnapshotHandles':{'volumeGroupSnapshotHandle':'group-1',"
		      "'volumeSnapshotHandles':['snap-0','snap-1','snap-2']}},"
		      "'volumeGroupSnapshotRef':{'namespace':'default','name':'g'}}}");
	assert_true(fake_api_wait_field(scene_api(scene), &group_scene_contents, "",
					GROUP_SCENE_CONTENT, "spec.volumeGroupSnapshotRef.uid",
					"g-uid"));
	group_scene_play_sidecar(scene);
	assert_true(group_scene_field_is(scene, "status.readyToUse", "true"));
	assert_true(snapshot_scene_has(scene, &group_scene_contents, GROUP_SCENE_CONTENT,
				       "metadata.finalizers", "content-bound"));
	assert_int_equal(fake_api_count(scene_api(scene), &scene_snapshots), 0);
	assert_int_equal(fake_api_count(scene_api(scene), &scene_contents), 0);
	scene_delete(scene, &group_scene_groups, "g");
	assert_true(group_scene_wait(scene, group_scene_is_gone));
}

static void delete_in_order(struct provision_scene *scene, const char *order)
{
	CLEANUP_FREE char *member = group_scene_member(0);
	for (const char *what = order; *what; what++) {
		if (*what == 'g')
			scene_delete(scene, &group_scene_groups, "g");
		else if (*what == 'x')
			scene_delete(scene, &group_scene_contents, GROUP_SCENE_CONTENT);
		else
			scene_delete(scene, &scene_snapshots, member);
		usleep(5000);
	}
}

/* Requirement C45. */
static void all_of_it_goes_in_any_order(void **state)
{
	static const char *const orders[] = { "gxm", "gmx", "xgm", "xmg", "mgx", "mxg" };
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
		group_scene_put(scene, NULL);
		assert_true(group_scene_wait(scene, group_scene_is_ready));
		delete_in_order(scene, orders[i]);
		if (!group_scene_wait(scene, group_scene_is_gone))
			fail_msg("deleted in the order %s: something is left", orders[i]);
	}
}

/* Its finalizer would keep it, and its namespace, for ever. */
static void a_member_whose_group_is_gone_is_released(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	CLEANUP_FREE char *member = group_scene_member(0);
	group_scene_put(scene, NULL);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	fake_api_remove(scene_api(scene), &group_scene_groups, "default", "g");
	usleep(100000);
	scene_delete(scene, &scene_snapshots, member);
	for (unsigned i = 0; i < 5000 && snapshot_scene_exists(scene, &scene_snapshots, member);
	     i++) {
		group_scene_play_sidecar(scene);
		usleep(1000);
	}
	assert_false(snapshot_scene_exists(scene, &scene_snapshots, member));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_of_claims_becomes_ready),
		cmocka_unit_test(a_member_has_a_content_of_its_own),
		cmocka_unit_test(a_deleted_group_goes_with_its_members),
		cmocka_unit_test(a_retained_group_leaves_its_contents),
		cmocka_unit_test(a_group_of_which_a_member_is_restored_stays),
		cmocka_unit_test(the_content_waits_for_the_members),
		cmocka_unit_test(claims_are_chosen_by_expressions_too),
		cmocka_unit_test(what_cannot_be_a_group_is_refused),
		cmocka_unit_test(a_group_over_two_nodes_is_refused_by_name),
		cmocka_unit_test(a_claim_that_is_not_bound_yet_is_waited_for),
		cmocka_unit_test(the_default_class_must_be_one),
		cmocka_unit_test(what_is_of_another_driver_is_not_touched),
		cmocka_unit_test(an_existing_group_is_bound_and_gets_no_members),
		cmocka_unit_test(all_of_it_goes_in_any_order),
		cmocka_unit_test(a_member_whose_group_is_gone_is_released),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
