/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Contents of group snapshots: a node makes, shows and deletes their data, all members at once. The
 * controller's part is played by the test. A kill at any step leads to the same end.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "kube/json.h"
#include "kube/secret_data.h"
#include "provision_scene.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 60
#define GI (UINT64_C(1) << 30)
#define CONTENT "groupsnapcontent-u"
#define PREFIX "groupsnapshot.storage.kubernetes.io/"
#define BEING_CREATED PREFIX "volumegroupsnapshot-being-created"
#define BEING_DELETED PREFIX "volumegroupsnapshot-being-deleted"
#define FINALIZER PREFIX "volumegroupsnapshotcontent-bound-protection"
#define NODE "kentledge.io/node"

static void put_volume(struct provision_scene *scene, const char *name, const char *node)
{
	fake_api_putf(scene_api(scene), &scene_volumes,
		      "{'metadata':{'name':'%s'},'spec':{'csi':{'driver':'kentledge.io',"
		      "'volumeHandle':'%s'},'claimRef':{'namespace':'shop','name':'www-%s'},"
		      "'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{"
		      "'key':'topology.kentledge.io/node','operator':'In','values':['%s']}]}]}}}}",
		      name, name, name, node);
}

/* Volumes pvc-1 and pvc-2 on node-a, and the class "fast"; without a content yet. */
static struct provision_scene *scene_without_role(void)
{
	struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "snapshot");
	fake_node_add(scene_node_a(scene), "pvc-1", GI);
	fake_node_add(scene_node_a(scene), "pvc-2", GI);
	put_volume(scene, "pvc-1", "node-a");
	put_volume(scene, "pvc-2", "node-a");
	fake_api_putf(scene_api(scene), &scene_group_classes,
		      "{'metadata':{'name':'fast'},'driver':'kentledge.io',"
		      "'deletionPolicy':'Delete'}");
	return scene;
}

static struct provision_scene *scene_of_role(uint32_t backoff_ms)
{
	struct provision_scene *scene = scene_without_role();
	scene_set_backoff(scene, backoff_ms);
	scene_start(scene);
	return scene;
}

/* metadata: more of it, with a comma before. */
static void put_content(struct provision_scene *scene, const char *metadata)
{
	fake_api_putf(scene_api(scene), &scene_group_contents,
		      "{'metadata':{'name':'" CONTENT "','generation':1,'finalizers':['" FINALIZER
		      "']%s},'spec':{'deletionPolicy':'Delete','driver':'kentledge.io','source':{"
		      "'volumeHandles':['pvc-1','pvc-2']},'volumeGroupSnapshotClassName':'fast',"
		      "'volumeGroupSnapshotRef':{'namespace':'shop','name':'g','uid':'u'}}}",
		      metadata);
}

/* As an administrator makes it for a group that exists, of the snapshots m1 and m2. */
static void put_existing(struct provision_scene *scene)
{
	fake_api_putf(scene_api(scene), &scene_group_contents,
		      "{'metadata':{'name':'" CONTENT "','generation':1,'finalizers':['" FINALIZER
		      "']},'spec':{'deletionPolicy':'Delete','driver':'kentledge.io','source':{"
		      "'groupSnapshotHandles':{'volumeGroupSnapshotHandle':'old',"
		      "'volumeSnapshotHandles':['m1','m2']}},"
		      "'volumeGroupSnapshotRef':{'namespace':'shop','name':'g'}}}");
}

/* What the controller's part does when the VolumeGroupSnapshot is deleted. */
static void delete_content(struct provision_scene *scene)
{
	if (!fake_api_exists(scene_api(scene), &scene_group_contents, "", CONTENT))
		return;
	fake_api_edit(scene_api(scene), &scene_group_contents, "", CONTENT,
		      "{'metadata':{'annotations':{'" BEING_DELETED "':'yes'}}}");
	scene_delete(scene, &scene_group_contents, CONTENT);
}

static bool field_is(struct provision_scene *scene, const char *path, const char *value)
{
	return fake_api_wait_field(scene_api(scene), &scene_group_contents, "", CONTENT, path,
				   value);
}

static bool is_gone(struct provision_scene *scene)
{
	return fake_api_wait_count(scene_api(scene), &scene_group_contents, 0);
}

/* Of the annotations; "" for none. Static. */
static const char *note(struct provision_scene *scene, const char *key)
{
	static char text[64];
	CLEANUP(json_object_putp)
	struct json_object *object =
		fake_api_read(scene_api(scene), &scene_group_contents, "", CONTENT);
	struct json_object *value =
		json_object_object_get(json_find(object, "metadata.annotations"), key);
	snprintf(text, sizeof(text), "%s", value ? json_object_get_string(value) : "");
	return text;
}

static bool wait_untaken(struct provision_scene *scene)
{
	for (unsigned i = 0; i < 5000 && *note(scene, BEING_CREATED); i++)
		usleep(1000);
	return !*note(scene, BEING_CREATED);
}

static bool is_ready(struct provision_scene *scene)
{
	return field_is(scene, "status.readyToUse", "true") && wait_untaken(scene);
}

static size_t calls(struct provision_scene *scene, const char *method)
{
	return fake_node_calls(scene_node_a(scene), method);
}

static bool message_has(struct provision_scene *scene, const char *text)
{
	for (unsigned i = 0; i < 5000; i++) {
		CLEANUP_FREE char *message = fake_api_field(scene_api(scene), &scene_group_contents,
							    "", CONTENT, "status.error.message");
		if (message && strstr(message, text))
			return true;
		usleep(1000);
	}
	return false;
}

/* Requirement D12, and budget: annotation on, status, annotation off; nothing of it wakes us. */
static void makes_a_group_in_one_call(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	put_content(scene, "");
	assert_true(is_ready(scene));
	assert_true(field_is(scene, "status.volumeGroupSnapshotHandle", "groupsnapshot-u"));
	assert_true(field_is(scene, "status.creationTime", "2023-11-14T22:13:20Z"));
	CLEANUP_FREE char *list = fake_api_field(scene_api(scene), &scene_group_contents, "",
						 CONTENT, "status.volumeSnapshotInfoList");
	assert_string_equal(list, "[{\"volumeHandle\":\"pvc-1\",\"snapshotHandle\":"
				  "\"groupsnapshot-u-pvc-1\",\"creationTime\":1700000000000000000,"
				  "\"readyToUse\":true,\"restoreSize\":1073741824},"
				  "{\"volumeHandle\":\"pvc-2\",\"snapshotHandle\":"
				  "\"groupsnapshot-u-pvc-2\",\"creationTime\":1700000000000000000,"
				  "\"readyToUse\":true,\"restoreSize\":1073741824}]");
	assert_string_equal(note(scene, NODE), "node-a");
	CLEANUP_FREE char *parameters = fake_node_snapshot_parameters(scene_node_a(scene));
	assert_string_equal(parameters,
			    "csi.storage.k8s.io/volumegroupsnapshot/name=g,"
			    "csi.storage.k8s.io/volumegroupsnapshot/namespace=shop,"
			    "csi.storage.k8s.io/volumegroupsnapshotcontent/name=" CONTENT);
	usleep(50000);
	assert_int_equal(fake_api_requests(scene_api(scene), "PATCH", CONTENT), 3);
	assert_int_equal(fake_api_requests(scene_api(scene), "GET", CONTENT), 0);
	assert_int_equal(calls(scene, "CreateVolumeGroupSnapshot"), 1);
	assert_int_equal(calls(scene, "CreateSnapshot"), 0);
	/* Read, status, finalizer. */
	delete_content(scene);
	assert_true(is_gone(scene));
	assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 0);
	assert_int_equal(calls(scene, "DeleteVolumeGroupSnapshot"), 1);
	assert_int_equal(calls(scene, "DeleteSnapshot"), 0);
	assert_int_equal(fake_api_requests(scene_api(scene), "PATCH", CONTENT), 5);
	assert_int_equal(fake_api_requests(scene_api(scene), "GET", CONTENT), 1);
}

/* Where the API server has the older version alone, requirement D2. */
static void writes_to_the_version_that_is_served(void **state)
{
	static const struct kind older = { .api_version = "groupsnapshot.storage.k8s.io/v1beta2",
					   .name = "VolumeGroupSnapshotContent",
					   .plural = "volumegroupsnapshotcontents" };
	static const struct kind older_class = { .api_version =
							 "groupsnapshot.storage.k8s.io/v1beta2",
						 .name = "VolumeGroupSnapshotClass",
						 .plural = "volumegroupsnapshotclasses" };
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_role();
	fake_api_set_served(scene_api(scene), &scene_group_contents, false);
	fake_api_set_served(scene_api(scene), &scene_group_classes, false);
	fake_api_putf(scene_api(scene), &older_class,
		      "{'metadata':{'name':'fast'},'driver':'kentledge.io',"
		      "'deletionPolicy':'Delete'}");
	scene_start(scene);
	fake_api_putf(scene_api(scene), &older,
		      "{'metadata':{'name':'" CONTENT "','generation':1},'spec':{"
		      "'deletionPolicy':'Delete','driver':'kentledge.io','source':{"
		      "'volumeHandles':['pvc-1']},'volumeGroupSnapshotClassName':'fast',"
		      "'volumeGroupSnapshotRef':{'namespace':'shop','name':'g','uid':'u'}}}");
	assert_true(fake_api_wait_field(scene_api(scene), &older, "", CONTENT, "status.readyToUse",
					"true"));
}

/* Requirement D11. */
static void refuses_volumes_of_several_nodes(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(1000);
	put_volume(scene, "pvc-2", "node-b");
	usleep(20000);
	put_content(scene, "");
	assert_true(message_has(scene, "node \"node-a\" has shop/www-pvc-1; node \"node-b\" has "
				       "shop/www-pvc-2"));
	assert_true(scene_wait_event(scene, "GroupSnapshotCreationFailed", "several nodes"));
	usleep(50000);
	assert_int_equal(calls(scene, "CreateVolumeGroupSnapshot"), 0);
	assert_string_equal(note(scene, BEING_CREATED), "");
	delete_content(scene);
	assert_true(is_gone(scene));
}

/* Requirements D16, C35 and D18. */
static void leaves_members_to_their_group(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	put_content(scene, "");
	assert_true(is_ready(scene));
	fake_api_putf(
		scene_api(scene), &scene_contents,
		"{'metadata':{'name':'m','annotations':{'groupsnapshot.storage.k8s.io/"
		"volumeGroupSnapshotHandle':'groupsnapshot-u','snapshot.storage.kubernetes.io/"
		"volumesnapshot-being-deleted':'yes'},'finalizers':['snapshot.storage."
		"kubernetes.io/volumesnapshotcontent-bound-protection']},'spec':{"
		"'deletionPolicy':'Delete','driver':'kentledge.io','source':{'volumeHandle':"
		"'pvc-1'},'volumeSnapshotRef':{'namespace':'shop','name':'s','uid':'x'}},"
		"'status':{'snapshotHandle':'groupsnapshot-u-pvc-1','readyToUse':true,"
		"'volumeGroupSnapshotHandle':'groupsnapshot-u'}}");
	usleep(50000);
	scene_delete(scene, &scene_contents, "m");
	assert_true(fake_api_wait_count(scene_api(scene), &scene_contents, 0));
	assert_int_equal(calls(scene, "CreateSnapshot") + calls(scene, "DeleteSnapshot"), 0);
	assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 2);
}

static void keeps_the_data_where_the_policy_says_so(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	put_content(scene, "");
	assert_true(is_ready(scene));
	fake_api_edit(scene_api(scene), &scene_group_contents, "", CONTENT,
		      "{'spec':{'deletionPolicy':'Retain'}}");
	delete_content(scene);
	assert_true(is_gone(scene));
	assert_int_equal(calls(scene, "DeleteVolumeGroupSnapshot"), 0);
	assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 2);
}

/* Requirement D19: found on the node that has it, and deleted with the snapshots of the source. */
static void finds_a_group_that_exists(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	fake_node_add_member(scene_node_b(scene), "m1", "pvc-8", "old");
	fake_node_add_member(scene_node_b(scene), "m2", "pvc-9", "old");
	put_existing(scene);
	assert_true(is_ready(scene));
	assert_true(field_is(scene, "status.volumeGroupSnapshotHandle", "old"));
	assert_true(field_is(scene, "status.volumeSnapshotInfoList", NULL));
	assert_string_equal(note(scene, NODE), "node-b");
	scene_delete(scene, &scene_group_contents, CONTENT);
	assert_true(is_gone(scene));
	assert_int_equal(fake_node_snapshot_count(scene_node_b(scene)), 0);
	assert_int_equal(calls(scene, "DeleteVolumeGroupSnapshot"), 0);
}

static void a_group_of_other_snapshots_is_not_taken(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(1000);
	fake_node_add_member(scene_node_a(scene), "m1", "pvc-8", "old");
	put_existing(scene);
	assert_true(message_has(scene, "group snapshot \"old\": node \"node-a\": snapshot_ids"));
	assert_true(scene_wait_event(scene, "GroupSnapshotContentCheckandUpdateFailed", "\"old\""));
	scene_delete(scene, &scene_group_contents, CONTENT);
	assert_true(is_gone(scene));
	assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 1);
}

static void put_secret(struct provision_scene *scene)
{
	fake_api_putf(scene_api(scene), &secret_kind,
		      "{'metadata':{'name':'key','namespace':'vault'},'data':{'a':'MQ=='}}");
}

/* Requirement D22. */
static void brings_the_secret_and_waits_for_one_that_is_missing(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	put_content(scene, ",'annotations':{'" PREFIX "deletion-secret-name':'key','" PREFIX
			   "deletion-secret-namespace':'vault'}");
	assert_true(message_has(scene, "Secret vault/key"));
	assert_int_equal(calls(scene, "CreateVolumeGroupSnapshot"), 0);
	put_secret(scene);
	assert_true(is_ready(scene));
	CLEANUP_FREE char *made =
		fake_node_secrets(scene_node_a(scene), "CreateVolumeGroupSnapshot");
	assert_string_equal(made, "a=1");
	fake_api_remove(scene_api(scene), &secret_kind, "vault", "key");
	delete_content(scene);
	assert_true(scene_wait_event(scene, "GroupSnapshotDeleteError", "Secret vault/key"));
	put_secret(scene);
	assert_true(is_gone(scene));
	CLEANUP_FREE char *deleted =
		fake_node_secrets(scene_node_a(scene), "DeleteVolumeGroupSnapshot");
	assert_string_equal(deleted, "a=1");
}

#define ENDPOINT_A "{'nodeName':'node-a','addresses':['10.0.0.1'],'conditions':{'ready':true}}"

static void set_endpoint(struct provision_scene *scene, const char *endpoints)
{
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-a", "{'endpoints':[%s]}",
		      endpoints);
	usleep(20000);
}

/* By event, not by back-off. */
static void waits_for_the_node_and_goes_on_when_it_is_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(60000);
	set_endpoint(scene, "");
	put_content(scene, "");
	assert_true(message_has(scene, "node \"node-a\""));
	assert_string_equal(note(scene, BEING_CREATED), "");
	set_endpoint(scene, ENDPOINT_A);
	assert_true(is_ready(scene));
}

/* The annotation stays while nothing is known of the answer, and a deletion waits for it. */
static void a_silent_node_is_asked_until_it_answers(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	fake_node_fail(scene_node_a(scene), "CreateVolumeGroupSnapshot", ERROR_UNAVAILABLE, true,
		       3);
	put_content(scene, "");
	assert_true(message_has(scene, "UNAVAILABLE") || message_has(scene, "node-a"));
	delete_content(scene);
	assert_true(is_gone(scene));
	assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 0);
	assert_true(calls(scene, "CreateVolumeGroupSnapshot") >= 4);
}

/* Requirement C26's analog: what is final takes the annotation off. */
static void what_is_infeasible_is_tried_rarely(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(1000);
	fake_node_fail(scene_node_a(scene), "CreateVolumeGroupSnapshot", ERROR_NOT_FOUND, false,
		       1000);
	put_content(scene, "");
	assert_true(message_has(scene, "NOT_FOUND"));
	usleep(1300000);
	assert_int_equal(calls(scene, "CreateVolumeGroupSnapshot"), 1);
	assert_string_equal(note(scene, BEING_CREATED), "");
	assert_true(fake_api_requests(scene_api(scene), "PATCH", CONTENT) <= 3);
}

/* Requirement D20. */
static void asks_until_the_group_is_ready(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	fake_node_set_unready(scene_node_a(scene), true);
	put_content(scene, "");
	assert_true(field_is(scene, "status.readyToUse", "false"));
	for (unsigned i = 0; i < 5000 && calls(scene, "CreateVolumeGroupSnapshot") < 3; i++)
		usleep(1000);
	fake_node_set_unready(scene_node_a(scene), false);
	assert_true(is_ready(scene));
}

/* Requirement Z5. */
static void goes_on_after_conflicts(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	for (unsigned i = 0; i < 3; i++)
		fake_api_fail_next(scene_api(scene), "PATCH", CONTENT "/status", FAKE_API_STATUS,
				   409);
	fake_api_fail_next(scene_api(scene), "PATCH", CONTENT, FAKE_API_STATUS, 409);
	put_content(scene, "");
	assert_true(is_ready(scene));
	assert_int_equal(calls(scene, "CreateVolumeGroupSnapshot"), 1);
	assert_false(scene_has_event(scene, "GroupSnapshotCreationFailed", ""));
	fake_api_fail_next(scene_api(scene), "PATCH", CONTENT, FAKE_API_STATUS, 500);
	fake_api_fail_next(scene_api(scene), "PATCH", CONTENT, FAKE_API_LOST_ANSWER, 0);
	delete_content(scene);
	assert_true(is_gone(scene));
	assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 0);
}

static bool kill_and_run(struct provision_scene *scene, unsigned step, bool deletes)
{
	scene_at_step(scene, step, scene_kill, NULL);
	if (deletes)
		delete_content(scene);
	else
		put_content(scene, "");
	for (unsigned i = 0; i < 1000 && !scene_has_acted(scene); i++)
		usleep(1000);
	bool died = scene_has_acted(scene);
	scene_stop(scene);
	scene_at_step(scene, 0, NULL, NULL);
	scene_start(scene);
	return died;
}

/* Requirement Z3. */
static void killed_anywhere_it_is_made_as_without(void **state)
{
	unsigned step = step_first(), points = 0;
	for (bool died = true; died && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
		died = kill_and_run(scene, step, false);
		points = step - !died;
		if (!is_ready(scene))
			fail_msg("killed at step %u: not ready", step);
		assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 2);
		assert_string_equal(note(scene, NODE), "node-a");
	}
	step_tell("making a group", points);
}

static void killed_anywhere_it_is_deleted_as_without(void **state)
{
	unsigned step = step_first(), points = 0;
	for (bool died = true; died && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
		put_content(scene, "");
		assert_true(is_ready(scene));
		usleep(20000);
		died = kill_and_run(scene, step, true);
		points = step - !died;
		if (!is_gone(scene))
			fail_msg("killed at step %u: not gone", step);
		assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 0);
	}
	step_tell("deleting a group", points);
}

static bool delete_meanwhile(struct provision_scene *scene, void *context)
{
	delete_content(scene);
	return true;
}

static void deleted_at_any_step_nothing_is_left(void **state)
{
	bool acted = true;
	for (unsigned step = step_first(); acted && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
		scene_at_step(scene, step, delete_meanwhile, NULL);
		put_content(scene, "");
		for (unsigned i = 0; i < 1000 && !scene_has_acted(scene); i++)
			usleep(1000);
		acted = scene_has_acted(scene);
		if (!acted)
			delete_content(scene);
		if (!is_gone(scene))
			fail_msg("deleted at step %u: not gone", step);
		assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_a_group_in_one_call),
		cmocka_unit_test(writes_to_the_version_that_is_served),
		cmocka_unit_test(refuses_volumes_of_several_nodes),
		cmocka_unit_test(leaves_members_to_their_group),
		cmocka_unit_test(keeps_the_data_where_the_policy_says_so),
		cmocka_unit_test(finds_a_group_that_exists),
		cmocka_unit_test(a_group_of_other_snapshots_is_not_taken),
		cmocka_unit_test(brings_the_secret_and_waits_for_one_that_is_missing),
		cmocka_unit_test(waits_for_the_node_and_goes_on_when_it_is_back),
		cmocka_unit_test(a_silent_node_is_asked_until_it_answers),
		cmocka_unit_test(what_is_infeasible_is_tried_rarely),
		cmocka_unit_test(asks_until_the_group_is_ready),
		cmocka_unit_test(goes_on_after_conflicts),
		cmocka_unit_test(killed_anywhere_it_is_made_as_without),
		cmocka_unit_test(killed_anywhere_it_is_deleted_as_without),
		cmocka_unit_test(deleted_at_any_step_nothing_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
