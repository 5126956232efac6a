/* SPDX-License-Identifier: Apache-2.0 */

/* Plans of claims that are made from another claim: on the node of that one, node-a. */

#include <string.h>

#include "claim/plan.h"
#include "csi/names.h"
#include "sample.h"
#include "test.h"

#define CLAIM                                                                                      \
	"{'metadata':{'name':'copy','namespace':'default','uid':'u1'},"                            \
	"'spec':{'storageClassName':'kentledge','accessModes':['ReadWriteOnce'],"                  \
	"'resources':{'requests':{'storage':'1Gi'}},"                                              \
	"'dataSource':{'kind':'PersistentVolumeClaim','name':'www'}},"                             \
	"'status':{'phase':'Pending'}}"

#define CLASS                                                                                      \
	"{'metadata':{'name':'kentledge','uid':'u2'},'provisioner':'kentledge.io',"                \
	"'volumeBindingMode':'WaitForFirstConsumer'}"

#define SOURCE                                                                                     \
	"{'metadata':{'name':'www','namespace':'default','uid':'u3'},"                             \
	"'spec':{'storageClassName':'kentledge','volumeName':'pvc-u3',"                            \
	"'resources':{'requests':{'storage':'1Gi'}}},'status':{'phase':'Bound'}}"

#define VOLUME                                                                                     \
	"{'metadata':{'name':'pvc-u3'},'spec':{'claimRef':{'uid':'u3'},"                           \
	"'csi':{'driver':'kentledge.io','volumeHandle':'pvc-u3'}},'status':{'phase':'Bound'}}"

#define SELECTED(node) "'annotations':{'volume.kubernetes.io/selected-node':'" node "'}"
#define INTENT(node)                                                                               \
	"'finalizers':['kentledge.io/provisioning'],'annotations':{"                               \
	"'kentledge.io/provisioning-node':'" node "'}"
#define IMMEDIATE "{'volumeBindingMode':'Immediate'}"

struct scene {
	struct object *claim;
	struct object *class;
	struct object *source;
	struct object *volume;
	struct object *node;
	struct object *csi_node;
	struct arena *arena;
	struct claim_plan plan;
};

struct row {
	const char *what;
	const char *claim; /* patches; NULL: none */
	const char *class;
	const char *source; /* "gone": it is not there */
	enum claim_decision decision;
	enum error_code code;
	const char *text;
	const char *selected; /* in the plan */
	bool node_gone;	      /* node-a is not in the cluster */
	bool unreachable;
};

static void scene_done(struct scene *scene)
{
	object_unref(scene->claim);
	object_unref(scene->class);
	object_unref(scene->source);
	object_unref(scene->volume);
	object_unref(scene->node);
	object_unref(scene->csi_node);
	arena_free(scene->arena);
}

static void set_up(struct scene *scene, const struct row *row)
{
	*scene = (struct scene) { .arena = arena_new(1024) };
	scene->claim = sample_object(&claim_kind, CLAIM, row->claim);
	if (!row->class || strcmp(row->class, "none") != 0)
		scene->class = sample_object(&class_kind, CLASS, row->class);
	if (!row->source || strcmp(row->source, "gone") != 0)
		scene->source = sample_object(&claim_kind, SOURCE, row->source);
	scene->volume = sample_object(&persistent_volume_kind, VOLUME, NULL);
	scene->node = sample_object(&node_kind,
				    "{'metadata':{'name':'node-a','labels':{'zone':'1'}}}", NULL);
	scene->csi_node = sample_object(&csi_node_kind,
					"{'metadata':{'name':'node-a'},'spec':{'drivers':[{"
					"'name':'kentledge.io','nodeID':'id-a'}]}}",
					NULL);
}

static void plan(struct scene *scene, const struct row *row)
{
	struct error unreachable = { .code = ERROR_UNAVAILABLE, .text = "no address" };
	set_up(scene, row);
	struct claim_source source = {
		.claim = scene->source ? claim_of(scene->source) : NULL,
		.volume = scene->source ? persistent_volume_of(scene->volume) : NULL,
		.node = row->node_gone || !scene->source ? NULL : "node-a",
		.lost = { .code = ERROR_UNAVAILABLE, .text = "node \"node-a\" is gone" },
	};
	struct node_view view = { node_of(scene->node), csi_node_of(scene->csi_node) };
	claim_plan(
		&(struct claim_view) {
			.claim = claim_of(scene->claim),
			.class = scene->class ? class_of(scene->class) : NULL,
			.nodes = &view,
			.node_count = !row->node_gone,
			.unreachable = row->unreachable ? &unreachable : NULL,
			.source = &source,
		},
		scene->arena, &scene->plan);
}

static void check(const struct row *row)
{
	CLEANUP(scene_done) struct scene scene = { 0 };
	plan(&scene, row);
	const struct claim_plan *made = &scene.plan;
	if (made->decision != row->decision || made->reason.code != row->code)
		fail_msg("%s: decision %d, code %d: %s", row->what, (int)made->decision,
			 (int)made->reason.code, made->reason.text);
	if (row->text && !strstr(made->reason.text, row->text))
		fail_msg("%s: %s", row->what, made->reason.text);
	if (!row->selected != !made->selected ||
	    (row->selected && strcmp(row->selected, made->selected) != 0))
		fail_msg("%s: %s", row->what, made->selected ? made->selected : "no node selected");
	if (made->decision != CLAIM_PROVISION)
		return;
	assert_string_equal(made->node, "node-a");
	assert_true(made->fixed);
	assert_ptr_equal(made->source, scene.source);
	assert_int_equal(made->request.source.kind, CSI_SOURCE_VOLUME);
	assert_string_equal(made->request.source.id, "pvc-u3");
	assert_string_equal(pairs_get(&made->request.segments, CSI_TOPOLOGY_KEY), "id-a");
}

#define CHECK_ALL(rows)                                                                            \
	for (size_t i = 0; i < sizeof(rows) / sizeof(*(rows)); i++)                                \
	check(&(rows)[i])

/* Requirements E14 and E15. */
static void a_copy_is_made_on_the_node_of_its_source(void **state)
{
	static const struct row rows[] = {
		{ "no node selected", .decision = CLAIM_PROVISION },
		{ "that node selected", "{'metadata':{" SELECTED("node-a") "}}",
		  .decision = CLAIM_PROVISION },
		{ "another node selected", "{'metadata':{" SELECTED("node-b") "}}",
		  .decision = CLAIM_PROVISION, .selected = "node-b" },
		{ "binds at once", NULL, IMMEDIATE, .decision = CLAIM_PROVISION },
		{ "its intent stands", "{'metadata':{" INTENT("node-a") "}}",
		  .decision = CLAIM_PROVISION },
		{ "its intent stands, the node is not reached",
		  "{'metadata':{" INTENT("node-a") "}}", .decision = CLAIM_PROVISION,
		  .unreachable = true },
		{ "to be read by many", "{'spec':{'accessModes':['ReadOnlyMany']}}",
		  .decision = CLAIM_PROVISION },
		{ "another provisioner's class", NULL, "{'provisioner':'other.io'}",
		  .decision = CLAIM_IGNORE },
		{ "no class yet, which may be another driver's", NULL, "none",
		  .decision = CLAIM_IGNORE },
		{ "handed to another provisioner",
		  "{'metadata':{'annotations':{'volume.kubernetes.io/storage-provisioner':"
		  "'other.io'}}}",
		  .decision = CLAIM_IGNORE },
	};
	CHECK_ALL(rows);
}

/* Requirement E17: no other node can serve it, so the scheduler is not asked for one. */
static void where_it_cannot_be_made_it_is_refused(void **state)
{
	static const struct row rows[] = {
		{ "not allowed there", "{'metadata':{" SELECTED("node-b") "}}",
		  "{'allowedTopologies':[{'matchLabelExpressions':[{'key':'zone','values':['2']}]}"
		  "]}",
		  NULL, CLAIM_REFUSE, ERROR_INVALID,
		  "where the data of PersistentVolumeClaim \"www\" are: node \"node-a\" does not "
		  "satisfy allowedTopologies",
		  .selected = NULL },
		{ "to be written too", "{'spec':{'accessModes':['ReadWriteOnce','ReadOnlyMany']}}",
		  NULL, NULL, CLAIM_REFUSE, ERROR_UNSUPPORTED, "spec.accessModes: ReadOnlyMany",
		  .selected = NULL },
		{ "the node is gone", "{'metadata':{" SELECTED("node-b") "}}", NULL, NULL,
		  CLAIM_REFUSE, ERROR_UNAVAILABLE, "node \"node-a\" is gone", .node_gone = true },
		{ "the node is not reached", NULL, NULL, NULL, CLAIM_REFUSE, ERROR_UNAVAILABLE,
		  "node \"node-a\": no address", .unreachable = true },
		{ "the source is gone", NULL, NULL, "gone", CLAIM_REFUSE, ERROR_NOT_FOUND,
		  "\"www\" does not exist", .selected = NULL },
		{ "the source is not bound", NULL, NULL,
		  "{'spec':{'volumeName':null},'status':{'phase':'Pending'}}", CLAIM_REFUSE,
		  ERROR_UNAVAILABLE, "not Bound", .selected = NULL },
	};
	CHECK_ALL(rows);
}

static void an_intent_ends_with_what_it_was_for(void **state)
{
	static const struct row rows[] = {
		{ "the source is gone", "{'metadata':{" INTENT("node-a") "}}", NULL, "gone",
		  CLAIM_UNDO, ERROR_CANCELLED, "its source was deleted", .selected = NULL },
		{ "the source is elsewhere now", "{'metadata':{" INTENT("node-b") "}}", NULL, NULL,
		  CLAIM_UNDO, ERROR_CANCELLED, "its source is on another node", .selected = NULL },
		{ "the node is gone", "{'metadata':{" INTENT("node-a") "}}", NULL, NULL, CLAIM_UNDO,
		  ERROR_CANCELLED, "the node left the cluster", .node_gone = true },
		{ "the claim is gone, and its source",
		  "{'metadata':{" INTENT("node-a") ",'deletionTimestamp':'2026-11-24T09:15:02Z'}}",
		  NULL, "gone", CLAIM_UNDO, ERROR_CANCELLED, "the claim was deleted",
		  .selected = NULL },
	};
	CHECK_ALL(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_made_on_the_node_of_its_source),
		cmocka_unit_test(where_it_cannot_be_made_it_is_refused),
		cmocka_unit_test(an_intent_ends_with_what_it_was_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
