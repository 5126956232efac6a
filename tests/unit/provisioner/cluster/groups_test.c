/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A VolumeGroupSnapshot, its content and its class, as the API has them, and the names of members.
 */

#include <string.h>

#include "cluster/group_class.h"
#include "cluster/group_content.h"
#include "cluster/group_names.h"
#include "cluster/group_snapshot.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define GROUP                                                                                      \
	"{'metadata':{'name':'g','namespace':'default'},'spec':{'source':{'selector':{"            \
	"'matchLabels':{'app':'web'}}},'volumeGroupSnapshotClassName':'fast'}}"

#define CONTENT                                                                                    \
	"{'metadata':{'name':'groupsnapcontent-u'},'spec':{'deletionPolicy':'Delete',"             \
	"'driver':'kentledge.io','source':{'volumeHandles':['pvc-1','pvc-2']},"                    \
	"'volumeGroupSnapshotClassName':'fast',"                                                   \
	"'volumeGroupSnapshotRef':{'namespace':'default','name':'g','uid':'u'}}}"

#define CLASS "{'metadata':{'name':'fast'},'driver':'kentledge.io','deletionPolicy':'Delete'}"

#define GROUP_WITH(patch)                                                                          \
	CLEANUP(object_unrefp)                                                                     \
	struct object *object = sample_object(&group_snapshot_kind, GROUP, patch);                 \
	const struct group_snapshot *group = group_snapshot_of(object)

#define CONTENT_WITH(patch)                                                                        \
	CLEANUP(object_unrefp)                                                                     \
	struct object *object = sample_object(&group_content_kind, CONTENT, patch);                \
	const struct group_content *content = group_content_of(object)

#define CLASS_WITH(patch)                                                                          \
	CLEANUP(object_unrefp)                                                                     \
	struct object *object = sample_object(&group_class_kind, CLASS, patch);                    \
	const struct group_class *class = group_class_of(object)

static bool selects(const struct group_snapshot *group, const char *app, const char *tier)
{
	struct pair items[] = { { "app", app }, { "tier", tier } };
	const struct pairs labels = { .items = items, .count = 2 };
	return selector_matches(&group->selector, &labels);
}

static void reads_a_group_without_a_status(void **state)
{
	GROUP_WITH(NULL);
	assert_true(group->has_selector);
	assert_false(selector_is_empty(&group->selector));
	assert_true(selects(group, "web", "any"));
	assert_false(selects(group, "db", "any"));
	assert_null(group->source_content_name);
	assert_string_equal(group->class_name, "fast");
	assert_false(group->has_status || group->says_ready || group->ready);
	assert_null(group->content_name);
	assert_null(group->error.message);
}

static void reads_the_whole_selector(void **state)
{
	GROUP_WITH("{'spec':{'source':{'selector':{'matchExpressions':[{'key':'tier',"
		   "'operator':'NotIn','values':['cache','tmp']}]}}}}");
	assert_true(selects(group, "web", "data"));
	assert_false(selects(group, "web", "cache"));
}

static void tells_an_empty_selector_from_none(void **state)
{
	GROUP_WITH("{'spec':{'source':{'selector':{'matchLabels':null}}}}");
	assert_true(group->has_selector);
	assert_true(selector_is_empty(&group->selector));
}

/* The API server stores it, so the user must be told. */
static void keeps_why_a_selector_cannot_be_used(void **state)
{
	static const struct {
		const char *patch;
		const char *text;
	} rows[] = {
		{ "{'spec':{'source':{'selector':{'matchLabels':1}}}}", "matchLabels" },
		{ "{'spec':{'source':{'selector':{'matchExpressions':[{'key':'a',"
		  "'operator':'Like'}]}}}}",
		  "matchExpressions[0].operator: \"Like\" is not In" },
		{ "{'spec':{'source':{'selector':{'matchExpressions':[{'key':'a',"
		  "'operator':'NotIn','values':[]}]}}}}",
		  "matchExpressions[0].values: the operator NotIn needs at least one" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		GROUP_WITH(rows[i].patch);
		assert_true(group->has_selector);
		assert_true(selector_is_empty(&group->selector));
		assert_non_null(group->selector_fault);
		if (!strstr(group->selector_fault, rows[i].text))
			fail_msg("\"%s\" does not say \"%s\"", group->selector_fault, rows[i].text);
	}
}

static void reads_the_status_of_a_group(void **state)
{
	GROUP_WITH("{'spec':{'source':{'selector':null,'volumeGroupSnapshotContentName':'c'},"
		   "'volumeGroupSnapshotClassName':null},'status':{"
		   "'boundVolumeGroupSnapshotContentName':'c','readyToUse':true,"
		   "'creationTime':'1970-01-01T00:00:07Z','error':{'message':'no room'}}}");
	assert_false(group->has_selector);
	assert_string_equal(group->source_content_name, "c");
	assert_null(group->class_name);
	assert_true(group->has_status);
	assert_string_equal(group->content_name, "c");
	assert_true(group->says_ready && group->ready);
	assert_int_equal(group->taken_s, 7);
	assert_string_equal(group->error.message, "no room");
}

static void reads_a_dynamic_content(void **state)
{
	CONTENT_WITH(NULL);
	assert_true(group_content_is_ours(content));
	assert_true(content->delete_group);
	assert_true(content->has_volumes);
	assert_int_equal(content->volume_count, 2);
	assert_string_equal(content->volume_handles[1], "pvc-2");
	assert_null(content->source_handle);
	assert_null(group_content_handle(content));
	assert_string_equal(content->class_name, "fast");
	assert_string_equal(content->group_namespace, "default");
	assert_string_equal(content->group_name, "g");
	assert_string_equal(content->group_uid, "u");
	assert_false(content->has_status);
	assert_int_equal(content->member_count, 0);
}

static void reads_a_content_for_a_group_that_exists(void **state)
{
	CONTENT_WITH("{'spec':{'source':{'volumeHandles':null,'groupSnapshotHandles':{"
		     "'volumeGroupSnapshotHandle':'g','volumeSnapshotHandles':['a','b']}},"
		     "'driver':'other.example','deletionPolicy':'Retain',"
		     "'volumeGroupSnapshotRef':{'uid':''}}}");
	assert_false(group_content_is_ours(content));
	assert_false(content->delete_group);
	assert_false(content->has_volumes);
	assert_string_equal(content->source_handle, "g");
	assert_string_equal(group_content_handle(content), "g");
	assert_int_equal(content->snapshot_count, 2);
	assert_string_equal(content->snapshot_handles[1], "b");
	assert_null(content->group_uid);
}

static void reads_the_status_of_a_content(void **state)
{
	CONTENT_WITH("{'status':{'volumeGroupSnapshotHandle':'h','readyToUse':true,"
		     "'creationTime':'1970-01-01T00:00:07Z','volumeSnapshotInfoList':[{"
		     "'volumeHandle':'pvc-1','snapshotHandle':'s1','readyToUse':true,"
		     "'creationTime':1700000000123456789,'restoreSize':1073741824},{}]}}");
	assert_true(content->has_status);
	assert_string_equal(content->handle, "h");
	assert_string_equal(group_content_handle(content), "h");
	assert_int_equal(content->taken_s, 7);
	assert_true(content->says_ready && content->ready);
	assert_int_equal(content->member_count, 2);
	assert_string_equal(content->members[0].volume_handle, "pvc-1");
	assert_string_equal(content->members[0].snapshot_handle, "s1");
	assert_int_equal(content->members[0].taken_ns, INT64_C(1700000000123456789));
	assert_int_equal(content->members[0].restore_bytes, 1 << 30);
	assert_true(content->members[0].ready);
	assert_null(content->members[1].volume_handle);
	assert_false(content->members[1].ready);
}

static void reads_a_class(void **state)
{
	CLASS_WITH("{'parameters':{'a':'b'},'metadata':{'annotations':"
		   "{'groupsnapshot.storage.kubernetes.io/is-default-class':'true'}}}");
	assert_true(group_class_is_ours(class));
	assert_true(class->delete_group);
	assert_true(class->is_default);
	assert_string_equal(pairs_get(&class->parameters, "a"), "b");
}

static void a_class_of_snapshots_is_no_default_for_groups(void **state)
{
	CLASS_WITH("{'driver':'other.example','deletionPolicy':'Retain','metadata':{'annotations':"
		   "{'snapshot.storage.kubernetes.io/is-default-class':'true'}}}");
	assert_false(group_class_is_ours(class));
	assert_false(class->delete_group);
	assert_false(class->is_default);
}

static void names_the_field_that_cannot_be_read(void **state)
{
	static const struct {
		const struct kind *kind;
		const char *json;
		const char *patch;
		const char *text;
	} rows[] = {
		{ &group_snapshot_kind, GROUP, "{'spec':{'source':7}}", "spec.source" },
		{ &group_snapshot_kind, GROUP, "{'status':{'creationTime':'today'}}",
		  "status.creationTime" },
		{ &group_content_kind, CONTENT, "{'spec':{'source':{'volumeHandles':['a',1]}}}",
		  "spec.source.volumeHandles[1]" },
		{ &group_content_kind, CONTENT,
		  "{'spec':{'source':{'groupSnapshotHandles':{'volumeSnapshotHandles':'a'}}}}",
		  "spec.source.groupSnapshotHandles.volumeSnapshotHandles" },
		{ &group_content_kind, CONTENT, "{'status':{'creationTime':7}}",
		  "status.creationTime" },
		{ &group_content_kind, CONTENT,
		  "{'status':{'volumeSnapshotInfoList':[{},{'restoreSize':-1}]}}",
		  "status.volumeSnapshotInfoList[1].restoreSize" },
		{ &group_class_kind, CLASS, "{'driver':null}", "driver" },
		{ &group_class_kind, CLASS, "{'parameters':{'a':1}}", "parameters" },
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

/* printf 'upvc-1' | sha256sum */
static void members_are_named_by_a_hash(void **state)
{
	char hash[GROUP_MEMBER_HASH_BYTES];
	group_member_hash("u", "pvc-1", hash);
	assert_string_equal(hash,
			    "38cd136a1ff96af8172e4c2197bc4eef2e71ddf21cd7951c6ccbee1dc841fcf2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_group_without_a_status),
		cmocka_unit_test(reads_the_whole_selector),
		cmocka_unit_test(tells_an_empty_selector_from_none),
		cmocka_unit_test(keeps_why_a_selector_cannot_be_used),
		cmocka_unit_test(reads_the_status_of_a_group),
		cmocka_unit_test(reads_a_dynamic_content),
		cmocka_unit_test(reads_a_content_for_a_group_that_exists),
		cmocka_unit_test(reads_the_status_of_a_content),
		cmocka_unit_test(reads_a_class),
		cmocka_unit_test(a_class_of_snapshots_is_no_default_for_groups),
		cmocka_unit_test(names_the_field_that_cannot_be_read),
		cmocka_unit_test(members_are_named_by_a_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
