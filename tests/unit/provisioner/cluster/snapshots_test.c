/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A VolumeSnapshot, its content and its class, as the API has them.
 */

#include <string.h>

#include "cluster/snapshot.h"
#include "cluster/snapshot_class.h"
#include "cluster/snapshot_content.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define SNAPSHOT                                                                                   \
	"{'metadata':{'name':'s','namespace':'default'},"                                          \
	"'spec':{'source':{'persistentVolumeClaimName':'www'},'volumeSnapshotClassName':'fast'}}"

#define CONTENT                                                                                    \
	"{'metadata':{'name':'snapcontent-u'},'spec':{'deletionPolicy':'Delete',"                  \
	"'driver':'kentledge.io','source':{'volumeHandle':'pvc-1'},'sourceVolumeMode':'Block',"    \
	"'volumeSnapshotClassName':'fast',"                                                        \
	"'volumeSnapshotRef':{'namespace':'default','name':'s','uid':'u'}}}"

#define CLASS "{'metadata':{'name':'fast'},'driver':'kentledge.io','deletionPolicy':'Delete'}"

#define SNAPSHOT_WITH(patch)                                                                       \
	CLEANUP(object_unrefp)                                                                     \
	struct object *object = sample_object(&snapshot_kind, SNAPSHOT, patch);                    \
	const struct snapshot *snapshot = snapshot_of(object)

#define CONTENT_WITH(patch)                                                                        \
	CLEANUP(object_unrefp)                                                                     \
	struct object *object = sample_object(&snapshot_content_kind, CONTENT, patch);             \
	const struct snapshot_content *content = snapshot_content_of(object)

#define CLASS_WITH(patch)                                                                          \
	CLEANUP(object_unrefp)                                                                     \
	struct object *object = sample_object(&snapshot_class_kind, CLASS, patch);                 \
	const struct snapshot_class *class = snapshot_class_of(object)

static void reads_a_snapshot_without_a_status(void **state)
{
	SNAPSHOT_WITH(NULL);
	assert_string_equal(snapshot->claim_name, "www");
	assert_null(snapshot->source_content_name);
	assert_string_equal(snapshot->class_name, "fast");
	assert_false(snapshot->has_status);
	assert_false(snapshot->says_ready);
	assert_null(snapshot->content_name);
	assert_null(snapshot->error.message);
}

static void reads_the_status_of_a_snapshot(void **state)
{
	SNAPSHOT_WITH("{'spec':{'source':{'persistentVolumeClaimName':null,"
		      "'volumeSnapshotContentName':'c'},'volumeSnapshotClassName':null},"
		      "'status':{'boundVolumeSnapshotContentName':'c','readyToUse':true,"
		      "'creationTime':'1970-01-01T00:00:07Z','restoreSize':'1Gi',"
		      "'volumeGroupSnapshotName':'g'}}");
	assert_null(snapshot->claim_name);
	assert_string_equal(snapshot->source_content_name, "c");
	assert_null(snapshot->class_name);
	assert_true(snapshot->has_status);
	assert_string_equal(snapshot->content_name, "c");
	assert_true(snapshot->says_ready && snapshot->ready);
	assert_int_equal(snapshot->taken_s, 7);
	assert_true(snapshot->has_restore_size);
	assert_int_equal(snapshot->restore_bytes, 1 << 30);
	assert_string_equal(snapshot->group_name, "g");
}

static void tells_not_ready_from_not_said(void **state)
{
	SNAPSHOT_WITH("{'status':{'readyToUse':false,'error':{'message':'no room',"
		      "'time':'1970-01-01T00:00:09Z'}}}");
	assert_true(snapshot->says_ready);
	assert_false(snapshot->ready);
	assert_string_equal(snapshot->error.message, "no room");
	assert_int_equal(snapshot->error.time_s, 9);
}

static void tells_an_empty_status_from_none(void **state)
{
	CONTENT_WITH("{'status':{}}");
	assert_true(content->has_status);
	assert_false(content->says_ready);
}

static void an_error_without_a_message_is_an_error(void **state)
{
	SNAPSHOT_WITH("{'status':{'error':{}}}");
	assert_string_equal(snapshot->error.message, "");
}

static void reads_a_dynamic_content(void **state)
{
	CONTENT_WITH(NULL);
	assert_true(snapshot_content_is_ours(content));
	assert_true(content->delete_snapshot);
	assert_string_equal(content->volume_handle, "pvc-1");
	assert_null(content->snapshot_handle);
	assert_null(snapshot_content_handle(content));
	assert_string_equal(content->source_mode, "Block");
	assert_string_equal(content->class_name, "fast");
	assert_string_equal(content->snapshot_namespace, "default");
	assert_string_equal(content->snapshot_name, "s");
	assert_string_equal(content->snapshot_uid, "u");
	assert_false(content->has_status);
	assert_false(snapshot_content_is_member(content));
}

static void reads_a_content_for_a_snapshot_that_exists(void **state)
{
	CONTENT_WITH("{'spec':{'source':{'volumeHandle':null,'snapshotHandle':'h'},"
		     "'deletionPolicy':'Retain','sourceVolumeMode':null,"
		     "'volumeSnapshotRef':{'uid':''}}}");
	assert_false(content->delete_snapshot);
	assert_null(content->volume_handle);
	assert_string_equal(content->snapshot_handle, "h");
	assert_string_equal(snapshot_content_handle(content), "h");
	assert_null(content->source_mode);
	assert_null(content->snapshot_uid);
}

static void reads_the_status_of_a_content(void **state)
{
	CONTENT_WITH("{'status':{'snapshotHandle':'h2','creationTime':1700000000123456789,"
		     "'restoreSize':1073741824,'readyToUse':true,"
		     "'volumeGroupSnapshotHandle':'g'}}");
	assert_string_equal(content->handle, "h2");
	assert_string_equal(snapshot_content_handle(content), "h2");
	assert_int_equal(content->taken_ns, INT64_C(1700000000123456789));
	assert_true(content->has_restore_size);
	assert_int_equal(content->restore_bytes, 1 << 30);
	assert_true(content->says_ready && content->ready);
	assert_string_equal(content->group_handle, "g");
}

static void knows_the_contents_of_others_and_of_groups(void **state)
{
	CONTENT_WITH("{'spec':{'driver':'other.example'},'metadata':{'annotations':"
		     "{'groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle':'g'}}}");
	assert_false(snapshot_content_is_ours(content));
	assert_true(snapshot_content_is_member(content));
}

static void reads_a_class(void **state)
{
	CLASS_WITH("{'parameters':{'a':'b'}}");
	assert_true(snapshot_class_is_ours(class));
	assert_true(class->delete_snapshot);
	assert_false(class->is_default);
	assert_string_equal(pairs_get(&class->parameters, "a"), "b");
}

static void reads_a_default_class_of_another_driver(void **state)
{
	CLASS_WITH("{'driver':'other.example','deletionPolicy':'Retain','metadata':{'annotations':"
		   "{'snapshot.storage.kubernetes.io/is-default-class':'true'}}}");
	assert_false(snapshot_class_is_ours(class));
	assert_false(class->delete_snapshot);
	assert_true(class->is_default);
}

static void names_the_field_that_cannot_be_read(void **state)
{
	static const struct {
		const struct kind *kind;
		const char *json;
		const char *patch;
		const char *text;
	} rows[] = {
		{ &snapshot_kind, SNAPSHOT, "{'spec':{'source':7}}", "spec.source" },
		{ &snapshot_kind, SNAPSHOT, "{'status':7}", "status" },
		{ &snapshot_kind, SNAPSHOT, "{'status':{'readyToUse':'yes'}}",
		  "status.readyToUse" },
		{ &snapshot_kind, SNAPSHOT, "{'status':{'restoreSize':'1Zi'}}",
		  "status.restoreSize" },
		{ &snapshot_kind, SNAPSHOT, "{'status':{'creationTime':'today'}}",
		  "status.creationTime" },
		{ &snapshot_kind, SNAPSHOT, "{'status':{'error':'oh'}}", "status.error" },
		{ &snapshot_content_kind, CONTENT, "{'spec':{'deletionPolicy':1}}",
		  "spec.deletionPolicy" },
		{ &snapshot_content_kind, CONTENT, "{'spec':{'volumeSnapshotRef':{'uid':1}}}",
		  "spec.volumeSnapshotRef.uid" },
		{ &snapshot_content_kind, CONTENT, "{'status':{'restoreSize':-1}}",
		  "status.restoreSize" },
		{ &snapshot_content_kind, CONTENT, "{'status':{'creationTime':'1s'}}",
		  "status.creationTime" },
		{ &snapshot_class_kind, CLASS, "{'driver':null}", "driver" },
		{ &snapshot_class_kind, CLASS, "{'parameters':{'a':1}}", "parameters" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(json_object_putp)
		struct json_object *json = sample_json(rows[i].json, rows[i].patch);
		struct object *object = NULL;
		struct error err;
		assert_int_equal(object_parse(rows[i].kind, json, &object, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		if (!strstr(err.text, rows[i].text))
			fail_msg("\"%s\" does not say \"%s\"", err.text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_snapshot_without_a_status),
		cmocka_unit_test(reads_the_status_of_a_snapshot),
		cmocka_unit_test(tells_not_ready_from_not_said),
		cmocka_unit_test(tells_an_empty_status_from_none),
		cmocka_unit_test(an_error_without_a_message_is_an_error),
		cmocka_unit_test(reads_a_dynamic_content),
		cmocka_unit_test(reads_a_content_for_a_snapshot_that_exists),
		cmocka_unit_test(reads_the_status_of_a_content),
		cmocka_unit_test(knows_the_contents_of_others_and_of_groups),
		cmocka_unit_test(reads_a_class),
		cmocka_unit_test(reads_a_default_class_of_another_driver),
		cmocka_unit_test(names_the_field_that_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
