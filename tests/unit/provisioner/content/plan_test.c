/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is done about a content in each of its states.
 */

#include "content/plan.h"

#include <string.h>

#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define CONTENT                                                                                    \
	"{'metadata':{'name':'snapcontent-u','uid':'c','finalizers':["                             \
	"'snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection']},"               \
	"'spec':{'deletionPolicy':'Delete','driver':'kentledge.io',"                               \
	"'source':{'volumeHandle':'pvc-1'},'volumeSnapshotClassName':'fast',"                      \
	"'volumeSnapshotRef':{'namespace':'shop','name':'nightly','uid':'u'}}}"

#define DELETED "'deletionTimestamp':'2026-01-02T03:04:05Z'"
#define BEING_CREATED "'snapshot.storage.kubernetes.io/volumesnapshot-being-created':'yes'"
#define BEING_DELETED "'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted':'yes'"
#define MEMBER "'groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle':'g'"
#define MADE "'status':{'snapshotHandle':'snapshot-u','readyToUse':true}"
#define UNREADY "'status':{'snapshotHandle':'snapshot-u','readyToUse':false}"
#define FAILED "'status':{'readyToUse':false,'error':{'message':'no room'}}"
#define EXISTING "'source':{'volumeHandle':null,'snapshotHandle':'h'}"
#define UNCLASSED "'volumeSnapshotClassName':null"

enum class_state { CLASS_THERE, CLASS_MISSING, CLASS_FOREIGN, CLASS_ODD };
enum node_state { NODE_THERE, NODE_LOST, NODE_UNKNOWN };

static const char *const classes[] = {
	[CLASS_THERE] = "{'parameters':{'a':'b','csi.storage.k8s.io/snapshotter-secret-name':'s',"
			"'csi.storage.k8s.io/snapshotter-secret-namespace':'n'}}",
	[CLASS_MISSING] = NULL,
	[CLASS_FOREIGN] = "{'driver':'other.example'}",
	[CLASS_ODD] = "{'parameters':{'csi.storage.k8s.io/colour':'red'}}",
};

static const struct snapshot_node nodes[] = {
	[NODE_THERE] = { .known = true, .name = "node-a", .node_id = "id-a" },
	[NODE_LOST] = { .known = true,
			.lost = { ERROR_UNAVAILABLE, "node \"id-a\" is not in the cluster" } },
	[NODE_UNKNOWN] = { .lost = { ERROR_NOT_FOUND, "it is not known which node" } },
};

struct row {
	const char *patch;
	enum class_state class;
	enum node_state node;
	enum content_decision decision;
	const char *reason; /* part of it; NULL: none */
};

static void plan_row(const struct row *row, struct arena *arena, struct content_plan *plan)
{
	CLEANUP(object_unrefp) struct object *class = NULL;
	CLEANUP(object_unrefp)
	struct object *content = sample_object(&snapshot_content_kind, CONTENT, row->patch);
	if (row->class != CLASS_MISSING)
		class = sample_object(&snapshot_class_kind,
				      "{'metadata':{'name':'fast'},'driver':'kentledge.io',"
				      "'deletionPolicy':'Delete'}",
				      classes[row->class]);
	content_plan(
		&(struct content_view) {
			.content = snapshot_content_of(content),
			.class = class ? snapshot_class_of(class) : NULL,
			.node = &nodes[row->node],
			.prefix = "snapshot",
			.arena = arena,
		},
		plan);
	/* The request borrows from the view. */
	plan->request.source_volume = NULL;
}

static void assert_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new(512);
		struct content_plan plan;
		plan_row(&rows[i], arena, &plan);
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
		{ NULL, CLASS_THERE, NODE_THERE, CONTENT_CREATE, NULL },
		{ "{'spec':{'driver':'other.example'}}", CLASS_THERE, NODE_THERE, CONTENT_IGNORE,
		  NULL },
		{ "{'metadata':{'annotations':{" MEMBER "}}}", CLASS_THERE, NODE_THERE,
		  CONTENT_IGNORE, NULL },
		{ "{'spec':{" UNCLASSED "}}", CLASS_MISSING, NODE_THERE, CONTENT_REFUSE,
		  "volumeSnapshotClassName: is missing" },
		{ NULL, CLASS_MISSING, NODE_THERE, CONTENT_REFUSE, "\"fast\" not found" },
		{ NULL, CLASS_FOREIGN, NODE_THERE, CONTENT_REFUSE, "is of driver other.example" },
		{ NULL, CLASS_ODD, NODE_THERE, CONTENT_REFUSE, "csi.storage.k8s.io/colour" },
		{ NULL, CLASS_THERE, NODE_LOST, CONTENT_REFUSE, "not in the cluster" },
		{ NULL, CLASS_THERE, NODE_UNKNOWN, CONTENT_REFUSE,
		  "no PersistentVolume of driver kentledge.io has the handle \"pvc-1\"" },
		{ "{'spec':{'volumeSnapshotRef':{'uid':null}}}", CLASS_THERE, NODE_THERE,
		  CONTENT_REFUSE, "spec.volumeSnapshotRef.uid" },
	};
	ASSERT_ROWS(rows);
}

static void asks_again_until_it_is_ready(void **state)
{
	static const struct row rows[] = {
		{ "{" FAILED "}", CLASS_THERE, NODE_THERE, CONTENT_CREATE, NULL },
		{ "{" UNREADY "}", CLASS_THERE, NODE_THERE, CONTENT_CREATE, NULL },
		{ "{'metadata':{'annotations':{" BEING_CREATED "}}}", CLASS_THERE, NODE_THERE,
		  CONTENT_CREATE, NULL },
		{ "{'metadata':{'annotations':{" BEING_CREATED "}}}", CLASS_THERE, NODE_LOST,
		  CONTENT_REFUSE,
		  "If the node will not come back, remove the annotation "
		  "snapshot.storage.kubernetes.io/volumesnapshot-being-created" },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "," BEING_CREATED "}}}",
		  CLASS_THERE, NODE_LOST, CONTENT_REFUSE, "If the node will not come back" },
		{ "{" MADE "}", CLASS_MISSING, NODE_LOST, CONTENT_IGNORE, NULL },
		{ "{'metadata':{'annotations':{" BEING_CREATED "}}," MADE "}", CLASS_MISSING,
		  NODE_LOST, CONTENT_TIDY, NULL },
	};
	ASSERT_ROWS(rows);
}

static void looks_at_what_exists(void **state)
{
	static const struct row rows[] = {
		{ "{'spec':{" EXISTING "}}", CLASS_THERE, NODE_THERE, CONTENT_LOOK, NULL },
		{ "{'spec':{" EXISTING "}}", CLASS_THERE, NODE_UNKNOWN, CONTENT_LOOK, NULL },
		{ "{'spec':{" EXISTING "," UNCLASSED "}}", CLASS_MISSING, NODE_THERE, CONTENT_LOOK,
		  NULL },
		{ "{'spec':{" EXISTING "}}", CLASS_MISSING, NODE_THERE, CONTENT_REFUSE,
		  "\"fast\" not found" },
		{ "{'spec':{" EXISTING "}}", CLASS_THERE, NODE_LOST, CONTENT_REFUSE,
		  "not in the cluster" },
		{ "{'spec':{" EXISTING "}," MADE "}", CLASS_THERE, NODE_THERE, CONTENT_IGNORE,
		  NULL },
		/* A member of a group snapshot that is made but not ready. */
		{ "{'status':{'snapshotHandle':'s','volumeGroupSnapshotHandle':'g',"
		  "'readyToUse':false},'spec':{" UNCLASSED "}}",
		  CLASS_MISSING, NODE_THERE, CONTENT_LOOK, NULL },
	};
	ASSERT_ROWS(rows);
}

static void deletes_only_what_is_to_go(void **state)
{
	static const struct row rows[] = {
		/* By a user, while its VolumeSnapshot stays. */
		{ "{'metadata':{" DELETED "}," MADE "}", CLASS_THERE, NODE_THERE, CONTENT_IGNORE,
		  NULL },
		{ "{'metadata':{'annotations':{" BEING_DELETED "}}," MADE "}", CLASS_THERE,
		  NODE_THERE, CONTENT_IGNORE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}," MADE "}",
		  CLASS_MISSING, NODE_THERE, CONTENT_DELETE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}," MADE
		  ",'spec':{'deletionPolicy':'Retain'}}",
		  CLASS_MISSING, NODE_LOST, CONTENT_RELEASE, NULL },
		/* Nothing was made. */
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}}", CLASS_MISSING,
		  NODE_LOST, CONTENT_RELEASE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED
		  "},'finalizers':['other']}}",
		  CLASS_MISSING, NODE_LOST, CONTENT_IGNORE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "," MEMBER "}}," MADE
		  "}",
		  CLASS_MISSING, NODE_THERE, CONTENT_RELEASE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}," MADE "}",
		  CLASS_THERE, NODE_LOST, CONTENT_STUCK, "set deletionPolicy to Retain" },
		/* All nodes are asked. */
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "}}," MADE "}",
		  CLASS_THERE, NODE_UNKNOWN, CONTENT_DELETE, NULL },
		{ "{'spec':{'driver':'other.example'},'metadata':{" DELETED
		  ",'annotations':{" BEING_DELETED "}}," MADE "}",
		  CLASS_THERE, NODE_THERE, CONTENT_IGNORE, NULL },
	};
	ASSERT_ROWS(rows);
}

/* Requirement C41. */
static void drives_a_creation_to_an_answer_before_it_deletes(void **state)
{
	static const struct row rows[] = {
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "," BEING_CREATED "}}}",
		  CLASS_THERE, NODE_THERE, CONTENT_CREATE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "," BEING_CREATED
		  "}}," FAILED "}",
		  CLASS_THERE, NODE_THERE, CONTENT_CREATE, NULL },
		/* Whatever has become of its class. */
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "," BEING_CREATED "}}}",
		  CLASS_MISSING, NODE_THERE, CONTENT_CREATE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "," BEING_CREATED "}}}",
		  CLASS_FOREIGN, NODE_THERE, CONTENT_CREATE, NULL },
		{ "{'metadata':{" DELETED ",'annotations':{" BEING_DELETED "," BEING_CREATED
		  "}}," MADE "}",
		  CLASS_THERE, NODE_THERE, CONTENT_TIDY, NULL },
	};
	ASSERT_ROWS(rows);
}

static void an_unbound_content_of_an_administrator_goes_at_once(void **state)
{
	static const struct row rows[] = {
		{ "{'metadata':{" DELETED "},'spec':{" EXISTING
		  ",'volumeSnapshotRef':{'uid':null}}," MADE "}",
		  CLASS_THERE, NODE_THERE, CONTENT_DELETE, NULL },
		/* It was never seen: the handle may be wrong. */
		{ "{'metadata':{" DELETED "},'spec':{" EXISTING
		  ",'volumeSnapshotRef':{'uid':null}}}",
		  CLASS_THERE, NODE_THERE, CONTENT_RELEASE, NULL },
		{ "{'metadata':{" DELETED "},'spec':{" EXISTING "}," MADE "}", CLASS_THERE,
		  NODE_THERE, CONTENT_IGNORE, NULL },
	};
	ASSERT_ROWS(rows);
}

static void names_the_snapshot_after_the_users(void **state)
{
	static const struct row row = { NULL, CLASS_THERE, NODE_THERE, CONTENT_CREATE, NULL };
	CLEANUP(arena_freep) struct arena *arena = arena_new(512);
	struct content_plan plan;
	plan_row(&row, arena, &plan);
	assert_string_equal(plan.request.name, "snapshot-u");
	assert_int_equal(plan.request.parameters.count, 1); /* those of Secrets are none */
	assert_string_equal(pairs_get(&plan.request.parameters, "a"), "b");
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
		struct object *content =
			sample_object(&snapshot_content_kind, CONTENT, rows[i].patch);
		assert_int_equal(content_is_unsettled(snapshot_content_of(content)),
				 rows[i].unsettled);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_what_is_new),
		cmocka_unit_test(asks_again_until_it_is_ready),
		cmocka_unit_test(looks_at_what_exists),
		cmocka_unit_test(deletes_only_what_is_to_go),
		cmocka_unit_test(drives_a_creation_to_an_answer_before_it_deletes),
		cmocka_unit_test(an_unbound_content_of_an_administrator_goes_at_once),
		cmocka_unit_test(names_the_snapshot_after_the_users),
		cmocka_unit_test(counts_what_is_unsettled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
