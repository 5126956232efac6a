/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is done about a group content in each of its states.
 */

#include "group_content/plan.h"

#include <string.h>

#include "group_content/patch.h"
#include "group_content/request.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define CONTENT                                                                                    \
	"{'metadata':{'name':'groupsnapcontent-u','uid':'c','finalizers':["                        \
	"'groupsnapshot.storage.kubernetes.io/volumegroupsnapshotcontent-bound-protection']},"     \
	"'spec':{'deletionPolicy':'Delete','driver':'kentledge.io',"                               \
	"'source':{'volumeHandles':['pvc-1','pvc-2']},'volumeGroupSnapshotClassName':'fast',"      \
	"'volumeGroupSnapshotRef':{'namespace':'shop','name':'nightly','uid':'u'}}}"

#define DELETED "'deletionTimestamp':'2026-01-02T03:04:05Z'"
#define BEING_CREATED                                                                              \
	"'groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-created':'yes'"
#define BEING_DELETED                                                                              \
	"'groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted':'yes'"
#define LIST                                                                                       \
	"'volumeSnapshotInfoList':[{'volumeHandle':'pvc-1','snapshotHandle':'s1',"                 \
	"'readyToUse':true},{'volumeHandle':'pvc-2','snapshotHandle':'s2','readyToUse':true}]"
#define MADE "'status':{'volumeGroupSnapshotHandle':'g','readyToUse':true," LIST "}"
#define UNREADY "'status':{'volumeGroupSnapshotHandle':'g','readyToUse':false}"
#define FAILED "'status':{'readyToUse':false,'error':{'message':'no room'}}"
#define EXISTING                                                                                   \
	"'source':{'volumeHandles':null,'groupSnapshotHandles':{'volumeGroupSnapshotHandle':'h',"  \
	"'volumeSnapshotHandles':['a','b']}}"
#define UNCLASSED "'volumeGroupSnapshotClassName':null"

enum class_state {
	CLASS_THERE,
	CLASS_MISSING,
	CLASS_FOREIGN,
	CLASS_ODD,
	CLASS_WITH_POLICY,
	CLASS_OF_TWO_POLICIES,
};
enum node_state { NODE_THERE, NODE_LOST, NODE_UNKNOWN, NODE_APART };

static const char *const classes[] = {
	[CLASS_THERE] =
		"{'parameters':{'a':'b','csi.storage.k8s.io/group-snapshotter-secret-name':'s',"
		"'csi.storage.k8s.io/group-snapshotter-secret-namespace':'n'}}",
	[CLASS_MISSING] = NULL,
	[CLASS_FOREIGN] = "{'driver':'other.example'}",
	[CLASS_ODD] = "{'parameters':{'csi.storage.k8s.io/colour':'red'}}",
	[CLASS_WITH_POLICY] = "{'parameters':{'deletionPolicy':'Delete','a':'b'}}",
	[CLASS_OF_TWO_POLICIES] = "{'parameters':{'deletionPolicy':'Retain'}}",
};

static const struct snapshot_node nodes[] = {
	[NODE_THERE] = { .known = true, .name = "node-a", .node_id = "id-a" },
	[NODE_LOST] = { .known = true,
			.lost = { ERROR_UNAVAILABLE, "node \"id-a\" is not in the cluster" } },
	[NODE_UNKNOWN] = { .lost = { ERROR_NOT_FOUND, "it is not known which node" } },
	[NODE_APART] = { .lost = { ERROR_NOT_FOUND, "it is not known which node" } },
};

struct row {
	const char *patch;
	enum class_state class;
	enum node_state node;
	enum group_content_decision decision;
	const char *reason; /* part of it; NULL: none */
};

static struct group_content_view view_of(const struct row *row, struct object *content,
					 struct object *class, struct arena *arena)
{
	struct group_content_view view = {
		.content = group_content_of(content),
		.class = class ? group_class_of(class) : NULL,
		.node = &nodes[row->node],
		.prefix = "groupsnapshot",
		.arena = arena,
	};
	if (row->node == NODE_APART)
		error_set(&view.apart, ERROR_INVALID, "the volumes are on several nodes");
	return view;
}

/* The request borrows from the content, which the caller keeps. */
static struct object *plan_row(const struct row *row, struct arena *arena,
			       struct group_content_plan *plan)
{
	CLEANUP(object_unrefp) struct object *class = NULL;
	struct object *content = sample_object(&group_content_kind, CONTENT, row->patch);
	if (row->class != CLASS_MISSING)
		class = sample_object(&group_class_kind,
				      "{'metadata':{'name':'fast'},'driver':'kentledge.io',"
				      "'deletionPolicy':'Delete'}",
				      classes[row->class]);
	const struct group_content_view view = view_of(row, content, class, arena);
	group_content_plan(&view, plan);
	return content;
}

static void assert_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new(512);
		struct group_content_plan plan;
		CLEANUP(object_unrefp) struct object *content = plan_row(&rows[i], arena, &plan);
		if (plan.decision != rows[i].decision)
			fail_msg("row %zu: decision %d, not %d: %s", i, (int)plan.decision,
				 (int)rows[i].decision, plan.reason.text);
		if (rows[i].reason && !strstr(plan.reason.text, rows[i].reason))
			fail_msg("row %zu: \"%s\" does not say \"%s\"", i, plan.reason.text,
				 rows[i].reason);
	}
}

#define ASSERT_ROWS(rows) assert_rows(rows, sizeof(rows) / sizeof(*(rows)))

static void makes_what_is_new(void **state)
{
	static const struct row rows[] = {
		{ NULL, CLASS_THERE, NODE_THERE, GROUP_CONTENT_CREATE, NULL },
		{ "{'spec':{'driver':'other.example'}}", CLASS_THERE, NODE_THERE,
		  GROUP_CONTENT_IGNORE, NULL },
		{ "{'spec':{" UNCLASSED "}}", CLASS_MISSING, NODE_THERE, GROUP_CONTENT_REFUSE,
		  "volumeGroupSnapshotClassName: is missing" },
		{ NULL, CLASS_MISSING, NODE_THERE, GROUP_CONTENT_REFUSE, "\"fast\" not found" },
		{ NULL, CLASS_FOREIGN, NODE_THERE, GROUP_CONTENT_REFUSE,
		  "is of driver other.example" },
		{ NULL, CLASS_ODD, NODE_THERE, GROUP_CONTENT_REFUSE,
		  "VolumeGroupSnapshotClass fast: parameters: csi.storage.k8s.io/colour" },
		{ NULL, CLASS_OF_TWO_POLICIES, NODE_THERE, GROUP_CONTENT_REFUSE,
		  "VolumeGroupSnapshotClass fast: parameters: deletionPolicy" },
		{ NULL, CLASS_THERE, NODE_LOST, GROUP_CONTENT_REFUSE, "not in the cluster" },
		{ NULL, CLASS_THERE, NODE_UNKNOWN, GROUP_CONTENT_REFUSE, "not known which node" },
		{ "{'spec':{'volumeGroupSnapshotRef':{'uid':null}}}", CLASS_THERE, NODE_THERE,
		  GROUP_CONTENT_REFUSE, "spec.volumeGroupSnapshotRef.uid" },
		{ "{'spec':{'source':{'volumeHandles':[]}}}", CLASS_THERE, NODE_THERE,
		  GROUP_CONTENT_REFUSE, "spec.source.volumeHandles: is empty" },
	};
	ASSERT_ROWS(rows);
}

/* Requirement D11, also where a node is noted. */
static void asks_no_node_for_volumes_of_several(void **state)
{
	static const struct row rows[] = {
		{ NULL, CLASS_THERE, NODE_APART, GROUP_CONTENT_REFUSE,
		  "spec.source.volumeHandles: the volumes are on several nodes" },
	};
	ASSERT_ROWS(rows);
}

static void asks_again_until_it_is_ready(void **state)
{
	static const struct row rows[] = {
		{ "{" FAILED "}", CLASS_THERE, NODE_THERE, GROUP_CONTENT_CREATE, NULL },
		{ "{" UNREADY "}", CLASS_THERE, NODE_THERE, GROUP_CONTENT_CREATE, NULL },
		{ "{'metadata':{'annotations':{" BEING_CREATED "}}}", CLASS_THERE, NODE_THERE,
		  GROUP_CONTENT_CREATE, NULL },
		{ "{" MADE "}", CLASS_MISSING, NODE_LOST, GROUP_CONTENT_IGNORE, NULL },
		{ "{'metadata':{'annotations':{" BEING_CREATED "}}," MADE "}", CLASS_MISSING,
		  NODE_LOST, GROUP_CONTENT_TIDY, NULL },
		{ "{'metadata':{'annotations':{" BEING_CREATED "}}}", CLASS_THERE, NODE_LOST,
		  GROUP_CONTENT_REFUSE,
		  "If the node will not come back, remove the annotation "
		  "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-created" },
		{ "{'metadata':{'annotations':{" BEING_CREATED "}}}", CLASS_THERE, NODE_APART,
		  GROUP_CONTENT_REFUSE,
		  "several nodes. If the node will not come back, remove the annotation "
		  "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-created" },
	};
	ASSERT_ROWS(rows);
}

/* Requirement D19. */
static void looks_at_what_exists(void **state)
{
	static const struct row rows[] = {
		{ "{'spec':{" EXISTING "}}", CLASS_THERE, NODE_THERE, GROUP_CONTENT_LOOK, NULL },
		{ "{'spec':{" EXISTING "}}", CLASS_THERE, NODE_UNKNOWN, GROUP_CONTENT_LOOK, NULL },
		{ "{'spec':{" EXISTING "," UNCLASSED "}}", CLASS_MISSING, NODE_THERE,
		  GROUP_CONTENT_LOOK, NULL },
		{ "{'spec':{" EXISTING "}}", CLASS_MISSING, NODE_THERE, GROUP_CONTENT_REFUSE,
		  "\"fast\" not found" },
		{ "{'spec':{" EXISTING "}}", CLASS_THERE, NODE_LOST, GROUP_CONTENT_REFUSE,
		  "not in the cluster" },
		{ "{'spec':{" EXISTING "}," MADE "}", CLASS_THERE, NODE_THERE, GROUP_CONTENT_IGNORE,
		  NULL },
	};
	ASSERT_ROWS(rows);
}

/* Requirement D17. */
static void deletes_only_what_is_to_go(void **state)
{
	static const struct row rows[] = {
		{ "{'metadata':{" DELETED "}," MADE "}", CLASS_THERE, NODE_THERE,
		  GROUP_CONTENT_IGNORE, NULL },
		{ "{'metadata':{'annotations':{" BEING_DELETED "}}," MADE "}", CLASS_THERE,
		  NODE_THERE, GROUP_CONTENT_IGNORE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}," MADE "}",
		  CLASS_MISSING, NODE_THERE, GROUP_CONTENT_DELETE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}," MADE
		  ",'spec':{'deletionPolicy':'Retain'}}",
		  CLASS_MISSING, NODE_LOST, GROUP_CONTENT_RELEASE, NULL },
		/* Nothing was made. */
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}}", CLASS_MISSING,
		  NODE_LOST, GROUP_CONTENT_RELEASE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED
		  "},'finalizers':['other']}}",
		  CLASS_MISSING, NODE_LOST, GROUP_CONTENT_IGNORE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}," MADE "}",
		  CLASS_THERE, NODE_LOST, GROUP_CONTENT_STUCK, "set deletionPolicy to Retain" },
		/* All nodes are asked. */
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}," MADE "}",
		  CLASS_THERE, NODE_UNKNOWN, GROUP_CONTENT_DELETE, NULL },
		/* A creation is driven to an answer first, whatever has become of its class. */
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "," BEING_CREATED "}}}",
		  CLASS_FOREIGN, NODE_THERE, GROUP_CONTENT_CREATE, NULL },
		/* One of an administrator, bound to no VolumeGroupSnapshot, waits for none. */
		{ "{'metadata':{" DELETED "},'spec':{" EXISTING
		  ",'volumeGroupSnapshotRef':{'uid':null}}," MADE "}",
		  CLASS_THERE, NODE_THERE, GROUP_CONTENT_DELETE, NULL },
		{ "{'metadata':{" DELETED "},'spec':{" EXISTING
		  ",'volumeGroupSnapshotRef':{'uid':null}}}",
		  CLASS_THERE, NODE_THERE, GROUP_CONTENT_RELEASE, NULL },
	};
	ASSERT_ROWS(rows);
}

static void names_the_group_after_the_users(void **state)
{
	static const struct row row = { NULL, CLASS_THERE, NODE_THERE, GROUP_CONTENT_CREATE, NULL };
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	struct group_content_plan plan;
	CLEANUP(object_unrefp) struct object *content = plan_row(&row, arena, &plan);
	assert_string_equal(plan.request.name, "groupsnapshot-u");
	assert_int_equal(plan.request.source_count, 2);
	assert_string_equal(plan.request.source_volumes[1], "pvc-2");
	assert_int_equal(plan.request.parameters.count, 1); /* those of Secrets are none */
}

/* As the storage suite writes its classes. */
static void sends_no_policy_to_the_node(void **state)
{
	static const struct row row = { NULL, CLASS_WITH_POLICY, NODE_THERE, GROUP_CONTENT_CREATE,
					NULL };
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	struct group_content_plan plan;
	CLEANUP(object_unrefp) struct object *content = plan_row(&row, arena, &plan);
	assert_int_equal(plan.decision, GROUP_CONTENT_CREATE);
	assert_int_equal(plan.request.parameters.count, 1);
	assert_string_equal(pairs_get(&plan.request.parameters, "a"), "b");
}

static void names_all_snapshots_of_the_group(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	CLEANUP(object_unrefp)
	struct object *made = sample_object(&group_content_kind, CONTENT, "{" MADE "}");
	CLEANUP(object_unrefp)
	struct object *existing =
		sample_object(&group_content_kind, CONTENT, "{'spec':{" EXISTING "}}");
	struct csi_group_request request;
	group_content_request_name(group_content_of(made), arena, &request);
	assert_string_equal(request.id, "g");
	assert_int_equal(request.snapshot_count, 2);
	assert_string_equal(request.snapshots[1], "s2");
	group_content_request_name(group_content_of(existing), arena, &request);
	assert_string_equal(request.id, "h");
	assert_int_equal(request.snapshot_count, 2);
	assert_string_equal(request.snapshots[0], "a");
}

static const struct csi_group_snapshot group = {
	.id = "g",
	.taken_ns = INT64_C(7500000000),
	.ready = true,
	.members = { { .id = "s1", .source_volume = "pvc-1", .ready = true },
		     { .id = "s2", .source_volume = "pvc-2", .ready = true, .size_bytes = 9 } },
	.member_count = 2,
};

static void writes_the_list_of_the_snapshots(void **state)
{
	CLEANUP(object_unrefp)
	struct object *content = sample_object(&group_content_kind, CONTENT, "{" FAILED "}");
	CLEANUP(json_object_putp)
	struct json_object *patch = group_content_patch_made(group_content_of(content), &group);
	assert_string_equal(
		json_text(json_find(patch, "status"), NULL),
		"{\"volumeGroupSnapshotHandle\":\"g\",\"creationTime\":\"1970-01-01T00:00:07Z\","
		"\"volumeSnapshotInfoList\":[{\"volumeHandle\":\"pvc-1\",\"snapshotHandle\":"
		"\"s1\",\"readyToUse\":true},{\"volumeHandle\":\"pvc-2\",\"snapshotHandle\":"
		"\"s2\",\"readyToUse\":true,\"restoreSize\":9}],\"readyToUse\":true,"
		"\"error\":null}");
}

/* Requirement D19: its source lists the snapshots. */
static void writes_no_list_for_a_group_that_exists(void **state)
{
	CLEANUP(object_unrefp)
	struct object *content =
		sample_object(&group_content_kind, CONTENT, "{'spec':{" EXISTING "}}");
	CLEANUP(json_object_putp)
	struct json_object *patch = group_content_patch_made(group_content_of(content), &group);
	assert_string_equal(json_text(json_find(patch, "status"), NULL),
			    "{\"volumeGroupSnapshotHandle\":\"g\","
			    "\"creationTime\":\"1970-01-01T00:00:07Z\",\"readyToUse\":true}");
}

static void writes_nothing_that_is_known(void **state)
{
	CLEANUP(object_unrefp)
	struct object *content =
		sample_object(&group_content_kind, CONTENT,
			      "{'status':{'volumeGroupSnapshotHandle':'g','readyToUse':true,"
			      "'creationTime':'1970-01-01T00:00:07Z'," LIST "}}");
	assert_null(group_content_patch_made(group_content_of(content), &group));
	CLEANUP(object_unrefp)
	struct object *none = sample_object(&group_content_kind, CONTENT, NULL);
	assert_null(group_content_patch_deleted(group_content_of(none)));
}

static void counts_what_is_unsettled(void **state)
{
	static const struct {
		const char *patch;
		bool unsettled;
	} rows[] = {
		{ NULL, true },
		{ "{" MADE "}", false },
		{ "{" FAILED "}", true },
		{ "{'metadata':{" DELETED "}," MADE "}", true },
		{ "{'metadata':{'annotations':{" BEING_CREATED "}}," MADE "}", true },
		{ "{'spec':{'driver':'other.example'}}", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(object_unrefp)
		struct object *content = sample_object(&group_content_kind, CONTENT, rows[i].patch);
		assert_int_equal(group_content_is_unsettled(group_content_of(content)),
				 rows[i].unsettled);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_what_is_new),
		cmocka_unit_test(asks_no_node_for_volumes_of_several),
		cmocka_unit_test(asks_again_until_it_is_ready),
		cmocka_unit_test(looks_at_what_exists),
		cmocka_unit_test(deletes_only_what_is_to_go),
		cmocka_unit_test(names_the_group_after_the_users),
		cmocka_unit_test(sends_no_policy_to_the_node),
		cmocka_unit_test(names_all_snapshots_of_the_group),
		cmocka_unit_test(writes_the_list_of_the_snapshots),
		cmocka_unit_test(writes_no_list_for_a_group_that_exists),
		cmocka_unit_test(writes_nothing_that_is_known),
		cmocka_unit_test(counts_what_is_unsettled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
