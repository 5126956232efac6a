/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Contents of snapshots: the node makes, shows and deletes their data. The controller's part is
 * played by the test. A kill at any step leads to the same end.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "kube/json.h"
#include "kube/secret_data.h"
#include "provision_scene.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 60
#define GI (UINT64_C(1) << 30)
#define CONTENT "snapcontent-u"
#define BEING_CREATED "snapshot.storage.kubernetes.io/volumesnapshot-being-created"
#define BEING_DELETED "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
#define MANAGED_BY "snapshot.storage.kubernetes.io/managed-by"
#define NODE "kentledge.io/node"

/* Volume pvc-1 on node-a, and the class "fast"; without a content yet. */
static struct provision_scene *scene_without_role(void)
{
	struct provision_scene *scene = scene_new();
	scene_set_roles(scene, "snapshot");
	fake_node_add(scene_node_a(scene), "pvc-1", GI);
	fake_api_putf(scene_api(scene), &scene_volumes,
		      "{'metadata':{'name':'pvc-1'},'spec':{'csi':{'driver':'kentledge.io',"
		      "'volumeHandle':'pvc-1'},'nodeAffinity':{'required':{'nodeSelectorTerms':[{"
		      "'matchExpressions':[{'key':'topology.kentledge.io/node','operator':'In',"
		      "'values':['node-a']}]}]}}}}");
	fake_api_putf(scene_api(scene), &scene_snapshot_classes,
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
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'" CONTENT "','generation':1,'finalizers':['snapshot."
		      "storage.kubernetes.io/volumesnapshotcontent-bound-protection']%s},'spec':{"
		      "'deletionPolicy':'Delete','driver':'kentledge.io','source':{"
		      "'volumeHandle':'pvc-1'},'volumeSnapshotClassName':'fast',"
		      "'volumeSnapshotRef':{'namespace':'default','name':'s','uid':'u'}}}",
		      metadata);
}

/* As an administrator makes it for a snapshot that exists. */
static void put_existing(struct provision_scene *scene, const char *handle)
{
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'" CONTENT "','generation':1,'finalizers':['snapshot."
		      "storage.kubernetes.io/volumesnapshotcontent-bound-protection']},'spec':{"
		      "'deletionPolicy':'Delete','driver':'kentledge.io','source':{"
		      "'snapshotHandle':'%s'},"
		      "'volumeSnapshotRef':{'namespace':'default','name':'s'}}}",
		      handle);
}

/* What the controller's part does when the VolumeSnapshot is deleted. */
static void delete_content(struct provision_scene *scene)
{
	if (!fake_api_exists(scene_api(scene), &scene_contents, "", CONTENT))
		return;
	fake_api_edit(scene_api(scene), &scene_contents, "", CONTENT,
		      "{'metadata':{'annotations':{'" BEING_DELETED "':'yes'}}}");
	scene_delete(scene, &scene_contents, CONTENT);
}

static bool field_is(struct provision_scene *scene, const char *path, const char *value)
{
	return fake_api_wait_field(scene_api(scene), &scene_contents, "", CONTENT, path, value);
}

static bool is_ready(struct provision_scene *scene)
{
	return field_is(scene, "status.readyToUse", "true");
}

static bool is_gone(struct provision_scene *scene)
{
	return fake_api_wait_count(scene_api(scene), &scene_contents, 0);
}

/* Of the annotations, or the labels; "" for none. Static. */
static const char *note(struct provision_scene *scene, const char *map, const char *key)
{
	static char text[64];
	CLEANUP_FREE char *path = must_printf("metadata.%s", map);
	CLEANUP(json_object_putp)
	struct json_object *object = fake_api_read(scene_api(scene), &scene_contents, "", CONTENT);
	struct json_object *value = json_object_object_get(json_find(object, path), key);
	snprintf(text, sizeof(text), "%s", value ? json_object_get_string(value) : "");
	return text;
}

static bool wait_note(struct provision_scene *scene, const char *key, const char *value)
{
	for (unsigned i = 0; i < 5000; i++) {
		if (strcmp(note(scene, "annotations", key), value) == 0)
			return true;
		usleep(1000);
	}
	return false;
}

static size_t calls(struct provision_scene *scene, const char *method)
{
	return fake_node_calls(scene_node_a(scene), method);
}

static bool message_has(struct provision_scene *scene, const char *text)
{
	for (unsigned i = 0; i < 5000; i++) {
		CLEANUP_FREE char *message = fake_api_field(scene_api(scene), &scene_contents, "",
							    CONTENT, "status.error.message");
		if (message && strstr(message, text))
			return true;
		usleep(1000);
	}
	return false;
}

static void makes_a_snapshot_and_notes_where(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	put_content(scene, "");
	assert_true(is_ready(scene));
	assert_true(wait_note(scene, BEING_CREATED, ""));
	assert_true(field_is(scene, "status.snapshotHandle", "snapshot-u"));
	assert_true(field_is(scene, "status.creationTime", "1700000000000000000"));
	assert_true(field_is(scene, "status.restoreSize", "1073741824"));
	assert_string_equal(note(scene, "annotations", NODE), "node-a");
	assert_string_equal(note(scene, "labels", MANAGED_BY), "node-a");
	assert_true(fake_node_has_snapshot(scene_node_a(scene), "snapshot-u"));
	CLEANUP_FREE char *parameters = fake_node_snapshot_parameters(scene_node_a(scene));
	assert_string_equal(parameters, "csi.storage.k8s.io/volumesnapshot/name=s,"
					"csi.storage.k8s.io/volumesnapshot/namespace=default,"
					"csi.storage.k8s.io/volumesnapshotcontent/name=" CONTENT);
	usleep(50000);
	/* Annotation on, status, annotation off; nothing of it wakes us. */
	assert_int_equal(fake_api_requests(scene_api(scene), "PATCH", CONTENT), 3);
	assert_int_equal(fake_api_requests(scene_api(scene), "GET", CONTENT), 0);
	assert_int_equal(calls(scene, "CreateSnapshot"), 1);
}

static void deletes_what_the_policy_says(void **state)
{
	for (int retain = 0; retain < 2; retain++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
		put_content(scene, "");
		assert_true(is_ready(scene) && wait_note(scene, BEING_CREATED, ""));
		if (retain)
			fake_api_edit(scene_api(scene), &scene_contents, "", CONTENT,
				      "{'spec':{'deletionPolicy':'Retain'}}");
		/* The volume is not needed (requirement C47). */
		fake_api_remove(scene_api(scene), &scene_volumes, "", "pvc-1");
		/* By a user, while the VolumeSnapshot stays. */
		scene_delete(scene, &scene_contents, CONTENT);
		usleep(50000);
		assert_true(fake_api_exists(scene_api(scene), &scene_contents, "", CONTENT));
		delete_content(scene);
		assert_true(is_gone(scene));
		assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), retain);
		assert_int_equal(calls(scene, "DeleteSnapshot"), !retain);
	}
}

static void a_lost_answer_is_asked_for_again(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	fake_node_fail(scene_node_a(scene), "CreateSnapshot", ERROR_UNAVAILABLE, true, 1);
	put_content(scene, "");
	assert_true(is_ready(scene));
	assert_true(wait_note(scene, BEING_CREATED, ""));
	assert_int_equal(calls(scene, "CreateSnapshot"), 2);
	assert_true(field_is(scene, "status.error", NULL));
	assert_true(scene_wait_event(scene, "SnapshotCreationFailed", "UNAVAILABLE"));
}

/* Requirement C41. */
static void a_snapshot_that_was_made_without_an_answer_is_deleted_too(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(50);
	fake_node_fail(scene_node_a(scene), "CreateSnapshot", ERROR_TIMEOUT, true, 1000);
	put_content(scene, "");
	assert_true(message_has(scene, "TIMEOUT"));
	assert_string_equal(note(scene, "annotations", BEING_CREATED), "yes");
	assert_true(fake_node_has_snapshot(scene_node_a(scene), "snapshot-u"));
	delete_content(scene);
	usleep(100000);
	assert_int_equal(calls(scene, "DeleteSnapshot"), 0);
	fake_node_fail(scene_node_a(scene), "CreateSnapshot", ERROR_TIMEOUT, true, 0);
	assert_true(is_gone(scene));
	assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 0);
	assert_int_equal(calls(scene, "DeleteSnapshot"), 1);
}

/* The node keeps what it has copied for a day, for the next call. */
static void a_copy_that_a_writer_stopped_is_finished_before_the_deletion(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(50);
	fake_node_fail(scene_node_a(scene), "CreateSnapshot", ERROR_IN_USE, true, 1000);
	put_content(scene, "");
	assert_true(message_has(scene, "IN_USE"));
	assert_string_equal(note(scene, "annotations", BEING_CREATED), "yes");
	delete_content(scene);
	usleep(100000);
	assert_true(fake_api_exists(scene_api(scene), &scene_contents, "", CONTENT));
	assert_true(fake_node_has_snapshot(scene_node_a(scene), "snapshot-u"));
	fake_node_fail(scene_node_a(scene), "CreateSnapshot", ERROR_IN_USE, true, 0);
	assert_true(is_gone(scene));
	assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 0);
	assert_int_equal(calls(scene, "DeleteSnapshot"), 1);
}

static void a_final_refusal_is_told_once_and_tried_again(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	fake_node_fail(scene_node_a(scene), "CreateSnapshot", ERROR_EXHAUSTED, false, 6);
	put_content(scene, "");
	assert_true(message_has(scene, "Failed to create snapshot: node \"node-a\": "));
	assert_true(wait_note(scene, BEING_CREATED, ""));
	assert_true(is_ready(scene));
	assert_true(field_is(scene, "status.error", NULL));
	assert_true(scene_wait_event(scene, "SnapshotCreationFailed", "EXHAUSTED"));
	assert_true(scene_wait_event(scene, "SnapshotContentCheckandUpdateFailed", "EXHAUSTED"));
	/* One for each of the two messages, and one for the success. */
	assert_int_equal(fake_api_requests(scene_api(scene), "PATCH", CONTENT "/status"), 3);
}

/* Requirement C26. */
static void what_is_infeasible_is_tried_rarely(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(1000);
	fake_node_fail(scene_node_a(scene), "CreateSnapshot", ERROR_NOT_FOUND, false, 1000);
	put_content(scene, "");
	assert_true(message_has(scene, "NOT_FOUND"));
	usleep(1500000);
	assert_int_equal(calls(scene, "CreateSnapshot"), 1);
	assert_true(fake_api_requests(scene_api(scene), "PATCH", CONTENT) <= 3);
	assert_string_equal(note(scene, "annotations", BEING_CREATED), "");
	/* What changes is looked at at once. */
	delete_content(scene);
	assert_true(is_gone(scene));
	assert_int_equal(calls(scene, "DeleteSnapshot"), 0);
}

static void waits_for_its_class_and_names_it(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(60000);
	fake_api_remove(scene_api(scene), &scene_snapshot_classes, "", "fast");
	usleep(20000);
	put_content(scene, "");
	assert_true(message_has(scene, "VolumeSnapshotClass \"fast\" not found"));
	fake_api_putf(scene_api(scene), &scene_snapshot_classes,
		      "{'metadata':{'name':'fast'},'driver':'kentledge.io',"
		      "'deletionPolicy':'Delete'}");
	assert_true(is_ready(scene));
}

static void put_secret(struct provision_scene *scene)
{
	fake_api_putf(scene_api(scene), &secret_kind,
		      "{'metadata':{'name':'key','namespace':'vault'},"
		      "'data':{'a':'MQ=='}}");
}

/* Requirements C42 and C50. */
static void brings_the_secret_and_waits_for_one_that_is_missing(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	put_content(scene, ",'annotations':{"
			   "'snapshot.storage.kubernetes.io/deletion-secret-name':'key',"
			   "'snapshot.storage.kubernetes.io/deletion-secret-namespace':'vault'}");
	assert_true(message_has(scene, "Secret vault/key"));
	assert_int_equal(calls(scene, "CreateSnapshot"), 0);
	assert_string_equal(note(scene, "annotations", BEING_CREATED), "");
	put_secret(scene);
	assert_true(is_ready(scene) && wait_note(scene, BEING_CREATED, ""));
	CLEANUP_FREE char *made = fake_node_secrets(scene_node_a(scene), "CreateSnapshot");
	assert_string_equal(made, "a=1");
	fake_api_remove(scene_api(scene), &secret_kind, "vault", "key");
	delete_content(scene);
	assert_true(scene_wait_event(scene, "SnapshotDeleteError", "Secret vault/key"));
	assert_int_equal(calls(scene, "DeleteSnapshot"), 0);
	put_secret(scene);
	assert_true(is_gone(scene));
	CLEANUP_FREE char *deleted = fake_node_secrets(scene_node_a(scene), "DeleteSnapshot");
	assert_string_equal(deleted, "a=1");
}

static void set_endpoint(struct provision_scene *scene, const char *node, const char *endpoints)
{
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", node, "{'endpoints':[%s]}",
		      endpoints);
	usleep(20000);
}

#define ENDPOINT_A "{'nodeName':'node-a','addresses':['10.0.0.1'],'conditions':{'ready':true}}"

/* Requirement C27: by event, not by back-off. */
static void waits_for_the_node_and_goes_on_when_it_is_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(60000);
	set_endpoint(scene, "node-a", "");
	put_content(scene, "");
	assert_true(message_has(scene, "node \"node-a\""));
	assert_string_equal(note(scene, "annotations", BEING_CREATED), "");
	assert_int_equal(calls(scene, "CreateSnapshot"), 0);
	set_endpoint(scene, "node-a", ENDPOINT_A);
	assert_true(is_ready(scene));
}

/* Requirement C44: one that has left the cluster may be given up. */
static void keeps_the_content_of_a_lost_node_until_it_is_given_up(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(1000);
	put_content(scene, "");
	assert_true(is_ready(scene) && wait_note(scene, BEING_CREATED, ""));
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-a");
	fake_api_remove(scene_api(scene), &scene_csi_nodes, "", "node-a");
	usleep(20000);
	delete_content(scene);
	assert_true(scene_wait_event(scene, "SnapshotDeleteError", "deletionPolicy to Retain"));
	usleep(50000);
	assert_true(fake_api_exists(scene_api(scene), &scene_contents, "", CONTENT));
	fake_api_edit(scene_api(scene), &scene_contents, "", CONTENT,
		      "{'metadata':{'generation':9},'spec':{'deletionPolicy':'Retain'}}");
	assert_true(is_gone(scene));
	assert_int_equal(calls(scene, "DeleteSnapshot"), 0);
}

static bool copy_slowly(void *context, const char *method, bool after)
{
	if (after && strcmp(method, "CreateSnapshot") == 0)
		usleep(600000);
	return true;
}

/* A copy that takes longer than the call: the plugin is not taken for silent. */
static void slow_work_is_not_silence(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_role();
	scene_set_call_timeout(scene, 200);
	scene_set_backoff(scene, 60000); /* as long a shut gate would stay shut */
	fake_node_set_hook(scene_node_a(scene), copy_slowly, NULL);
	scene_start(scene);
	put_content(scene, "");
	assert_true(message_has(scene, "CreateSnapshot"));
	fake_node_add_snapshot(scene_node_a(scene), "h", "pvc-1");
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'other','annotations':{'" NODE "':'node-a'}},'spec':{"
		      "'deletionPolicy':'Retain','driver':'kentledge.io','source':{"
		      "'snapshotHandle':'h'},'volumeSnapshotRef':{'name':'t'}}}");
	assert_true(fake_api_wait_field(scene_api(scene), &scene_contents, "", "other",
					"status.readyToUse", "true"));
	scene_stop(scene);
	usleep(700000); /* the calls under way at the node */
}

/* Requirement C32. */
static void finds_a_snapshot_that_exists(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	fake_node_add_snapshot(scene_node_b(scene), "old-1", "pvc-9");
	put_existing(scene, "old-1");
	assert_true(is_ready(scene));
	assert_true(field_is(scene, "status.snapshotHandle", "old-1"));
	assert_string_equal(note(scene, "annotations", NODE), "node-b");
	assert_string_equal(note(scene, "labels", MANAGED_BY), "node-b");
	assert_int_equal(calls(scene, "CreateSnapshot"), 0);
	/* It is bound to no VolumeSnapshot, so it waits for none. */
	scene_delete(scene, &scene_contents, CONTENT);
	assert_true(is_gone(scene));
	assert_false(fake_node_has_snapshot(scene_node_b(scene), "old-1"));
	assert_int_equal(fake_node_calls(scene_node_b(scene), "DeleteSnapshot"), 1);
	assert_int_equal(calls(scene, "DeleteSnapshot"), 0);
}

static void says_which_nodes_did_not_answer_for_a_snapshot(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(1000);
	set_endpoint(scene, "node-b", "");
	put_existing(scene, "old-1");
	assert_true(message_has(scene, "1 of the 2 nodes of the driver did not answer: "
				       "\"node-b\""));
	assert_true(scene_wait_event(scene, "SnapshotContentCheckandUpdateFailed", "old-1"));
	/* Nothing was seen, so nothing is deleted. */
	scene_delete(scene, &scene_contents, CONTENT);
	assert_true(is_gone(scene));
}

static void set_driver(struct provision_scene *scene, const char *node, bool registered)
{
	fake_api_edit(scene_api(scene), &scene_csi_nodes, "", node,
		      "{'spec':{'drivers':[{'name':'%s','nodeID':'%s','topologyKeys':["
		      "'topology.kentledge.io/node']}]}}",
		      registered ? "kentledge.io" : "other.example", node);
	usleep(20000);
}

/* Found on node-b, and then nothing says any more where it is. */
static void put_unplaced(struct provision_scene *scene)
{
	fake_node_add_snapshot(scene_node_b(scene), "old-1", "pvc-9");
	put_existing(scene, "old-1");
	assert_true(is_ready(scene));
	fake_api_edit(scene_api(scene), &scene_contents, "", CONTENT,
		      "{'metadata':{'annotations':{'" NODE "':null},'labels':{'" MANAGED_BY
		      "':null}}}");
}

/* As the kubelet does when the driver is registered there; the label stays. */
static void label_node(struct provision_scene *scene, const char *node)
{
	fake_api_edit(scene_api(scene), &scene_nodes, "", node,
		      "{'metadata':{'labels':{'topology.kentledge.io/node':'%s'}}}", node);
}

static void a_node_whose_plugin_restarts_counts_as_silent_for_a_deletion(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(50);
	label_node(scene, "node-b");
	put_unplaced(scene);
	set_driver(scene, "node-b", false);
	delete_content(scene);
	assert_true(scene_wait_event(scene, "SnapshotDeleteError",
				     "1 of the 2 nodes of the driver did not answer: \"node-b\" "
				     "(the driver is not registered there)"));
	assert_true(fake_api_exists(scene_api(scene), &scene_contents, "", CONTENT));
	assert_true(fake_node_has_snapshot(scene_node_b(scene), "old-1"));
	set_driver(scene, "node-b", true);
	assert_true(is_gone(scene));
	assert_false(fake_node_has_snapshot(scene_node_b(scene), "old-1"));
}

static void no_node_at_all_is_no_answer_to_a_deletion(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(50);
	put_unplaced(scene);
	set_driver(scene, "node-a", false);
	set_driver(scene, "node-b", false);
	delete_content(scene);
	assert_true(scene_wait_event(scene, "SnapshotDeleteError",
				     "the driver is registered on no node"));
	label_node(scene, "node-b");
	assert_true(fake_api_exists(scene_api(scene), &scene_contents, "", CONTENT));
	set_driver(scene, "node-a", true);
	set_driver(scene, "node-b", true);
	assert_true(is_gone(scene));
	assert_false(fake_node_has_snapshot(scene_node_b(scene), "old-1"));
}

static void a_handle_that_is_nowhere_is_looked_for_rarely(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(1000);
	put_existing(scene, "old-1");
	assert_true(message_has(scene, "snapshot \"old-1\" is on none of the 2 nodes"));
	usleep(1500000);
	assert_int_equal(calls(scene, "GetSnapshot"), 1);
}

static void asks_until_the_snapshot_is_ready(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	fake_node_set_unready(scene_node_a(scene), true);
	put_content(scene, "");
	assert_true(field_is(scene, "status.readyToUse", "false"));
	for (unsigned i = 0; i < 5000 && calls(scene, "CreateSnapshot") < 3; i++)
		usleep(1000);
	fake_node_set_unready(scene_node_a(scene), false);
	assert_true(is_ready(scene));
	assert_true(wait_note(scene, BEING_CREATED, ""));
}

static void leaves_the_contents_of_others_alone(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
	put_content(scene, ",'annotations':{"
			   "'groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle':'g'}");
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'other'},'spec':{'deletionPolicy':'Delete',"
		      "'driver':'other.example','source':{'volumeHandle':'pvc-1'},"
		      "'volumeSnapshotClassName':'fast','volumeSnapshotRef':{'uid':'x'}}}");
	usleep(100000);
	assert_int_equal(calls(scene, "CreateSnapshot"), 0);
	assert_int_equal(fake_api_requests(scene_api(scene), "PATCH", NULL), 0);
}

/* Requirement Z11. */
static void does_without_kinds_that_are_not_served(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_without_role();
	fake_api_set_served(scene_api(scene), &scene_contents, false);
	scene_start(scene);
	scene_stop(scene);
	fake_api_set_served(scene_api(scene), &scene_contents, true);
	put_content(scene, "");
	scene_start(scene);
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
	assert_true(is_ready(scene) && wait_note(scene, BEING_CREATED, ""));
	assert_int_equal(calls(scene, "CreateSnapshot"), 1);
	assert_false(scene_has_event(scene, "SnapshotCreationFailed", ""));
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
		if (!is_ready(scene) || !wait_note(scene, BEING_CREATED, ""))
			fail_msg("killed at step %u: not ready", step);
		assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 1);
		assert_string_equal(note(scene, "annotations", NODE), "node-a");
	}
	step_tell("making", points);
	/* Annotation, call, status, annotation; before and after each. */
	assert_true(points >= 8);
}

static void killed_anywhere_it_is_deleted_as_without(void **state)
{
	unsigned step = step_first(), points = 0;
	for (bool died = true; died && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_of_role(5);
		put_content(scene, "");
		assert_true(is_ready(scene) && wait_note(scene, BEING_CREATED, ""));
		usleep(20000);
		died = kill_and_run(scene, step, true);
		points = step - !died;
		if (!is_gone(scene))
			fail_msg("killed at step %u: not gone", step);
		assert_int_equal(fake_node_snapshot_count(scene_node_a(scene)), 0);
	}
	step_tell("deleting", points);
	/* Read, call, status, finalizer; before and after each. */
	assert_true(points >= 8);
}

/* Requirement C41, whatever moment the deletion comes at. */
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
	log_set_level(LOG_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_a_snapshot_and_notes_where),
		cmocka_unit_test(deletes_what_the_policy_says),
		cmocka_unit_test(a_lost_answer_is_asked_for_again),
		cmocka_unit_test(a_snapshot_that_was_made_without_an_answer_is_deleted_too),
		cmocka_unit_test(a_copy_that_a_writer_stopped_is_finished_before_the_deletion),
		cmocka_unit_test(a_final_refusal_is_told_once_and_tried_again),
		cmocka_unit_test(what_is_infeasible_is_tried_rarely),
		cmocka_unit_test(waits_for_its_class_and_names_it),
		cmocka_unit_test(brings_the_secret_and_waits_for_one_that_is_missing),
		cmocka_unit_test(waits_for_the_node_and_goes_on_when_it_is_back),
		cmocka_unit_test(keeps_the_content_of_a_lost_node_until_it_is_given_up),
		cmocka_unit_test(slow_work_is_not_silence),
		cmocka_unit_test(finds_a_snapshot_that_exists),
		cmocka_unit_test(says_which_nodes_did_not_answer_for_a_snapshot),
		cmocka_unit_test(a_node_whose_plugin_restarts_counts_as_silent_for_a_deletion),
		cmocka_unit_test(no_node_at_all_is_no_answer_to_a_deletion),
		cmocka_unit_test(a_handle_that_is_nowhere_is_looked_for_rarely),
		cmocka_unit_test(asks_until_the_snapshot_is_ready),
		cmocka_unit_test(leaves_the_contents_of_others_alone),
		cmocka_unit_test(does_without_kinds_that_are_not_served),
		cmocka_unit_test(goes_on_after_conflicts),
		cmocka_unit_test(killed_anywhere_it_is_made_as_without),
		cmocka_unit_test(killed_anywhere_it_is_deleted_as_without),
		cmocka_unit_test(deleted_at_any_step_nothing_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
