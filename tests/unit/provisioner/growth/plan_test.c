/* SPDX-License-Identifier: Apache-2.0 */
#include "growth/plan.h"

#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "test.h"

/* Bound, asks for what it has. */
#define CLAIM                                                                                      \
	"{'metadata':{'name':'www','namespace':'default','uid':'u1'},'spec':{"                     \
	"'accessModes':['ReadWriteOnce'],'volumeName':'pvc-u1',"                                   \
	"'resources':{'requests':{'storage':'1Gi'}}},"                                             \
	"'status':{'phase':'Bound','capacity':{'storage':'1Gi'}}}"

#define VOLUME                                                                                     \
	"{'metadata':{'name':'pvc-u1','uid':'v1'},'spec':{'capacity':{'storage':'1Gi'},"           \
	"'csi':{'driver':'kentledge.io','volumeHandle':'pvc-u1'},"                                 \
	"'claimRef':{'namespace':'default','name':'www','uid':'u1'},"                              \
	"'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':["                   \
	"{'key':'topology.kentledge.io/node','operator':'In','values':['node-a']}]}]}}},"          \
	"'status':{'phase':'Bound'}}"

#define REQUEST(size) "'spec':{'resources':{'requests':{'storage':'" size "'}}}"
#define CAPACITY(size) "'capacity':{'storage':'" size "'}"
#define ALLOCATED(size) "'allocatedResources':{'storage':'" size "'}"
#define STATE(word) "'allocatedResourceStatuses':{'storage':'" word "'}"
#define CONDITION(type) "'conditions':[{'type':'" type "','status':'True'}]"
#define GI (UINT64_C(1) << 30)

struct row {
	const char *what;
	const char *claim; /* merge patches */
	const char *volume;
	enum growth_decision decision;
	uint64_t target_bytes;
	bool repeats;
};

static struct cluster_nodes node_a(bool there)
{
	static const char json[] =
		"{'metadata':{'name':'node-a','labels':{'kubernetes.io/hostname':'node-a'}}}";
	struct cluster_nodes nodes = { .views = must_alloc(sizeof(*nodes.views)), .count = there };
	if (there)
		nodes.views[0].node = node_of(sample_object(&node_kind, json, NULL));
	return nodes;
}

static void check(const struct row *row)
{
	CLEANUP(object_unrefp)
	struct object *claim = sample_object(&claim_kind, CLAIM, row->claim);
	CLEANUP(object_unrefp)
	struct object *volume = sample_object(&persistent_volume_kind, VOLUME, row->volume);
	CLEANUP(cluster_nodes_done) struct cluster_nodes nodes = node_a(true);
	struct growth_plan plan;
	growth_plan(&(struct growth_view) { .claim = claim_of(claim),
					    .volume = persistent_volume_of(volume),
					    .nodes = &nodes },
		    &plan);
	if (plan.decision != row->decision)
		fail_msg("%s: decision %d instead of %d", row->what, plan.decision, row->decision);
	if (plan.decision != GROWTH_EXPAND)
		return;
	if (plan.target_bytes != row->target_bytes)
		fail_msg("%s: asks for %.1f GiB instead of %.1f", row->what,
			 (double)plan.target_bytes / GI, (double)row->target_bytes / GI);
	if (plan.repeats != row->repeats)
		fail_msg("%s: repeats %d", row->what, plan.repeats);
	assert_string_equal(plan.node, "node-a");
}

#define CHECK_ALL(rows)                                                                            \
	for (size_t i = 0; i < sizeof(rows) / sizeof(*(rows)); i++)                                \
	check(&(rows)[i])

#define PV(size) "{'spec':{'capacity':{'storage':'" size "'}}}"

static void leaves_alone_what_does_not_grow(void **state)
{
	static const struct row rows[] = {
		{ "asks for what it has", NULL, NULL, GROWTH_IGNORE, 0, false },
		{ "asks for less", "{" REQUEST("512Mi") "}", NULL, GROWTH_IGNORE, 0, false },
		{ "has grown before", "{'status':{" ALLOCATED("1Gi") "}}", NULL, GROWTH_IGNORE, 0,
		  false },
		{ "not bound", "{" REQUEST("2Gi") ",'status':{'phase':'Pending'}}", NULL,
		  GROWTH_IGNORE, 0, false },
		{ "lost", "{" REQUEST("2Gi") ",'status':{'phase':'Lost'}}", NULL, GROWTH_IGNORE, 0,
		  false },
		{ "the binder has not written the capacity",
		  "{" REQUEST("2Gi") ",'status':{'capacity':null}}", NULL, GROWTH_IGNORE, 0,
		  false },
		{ "another driver's", "{" REQUEST("2Gi") "}",
		  "{'spec':{'csi':{'driver':'other.io'}}}", GROWTH_IGNORE, 0, false },
		{ "no CSI volume", "{" REQUEST("2Gi") "}", "{'spec':{'csi':null}}", GROWTH_IGNORE,
		  0, false },
		{ "the volume names another claim", "{" REQUEST("2Gi") "}",
		  "{'spec':{'claimRef':{'name':'other'}}}", GROWTH_IGNORE, 0, false },
		{ "the volume names an earlier claim of the name", "{" REQUEST("2Gi") "}",
		  "{'spec':{'claimRef':{'uid':'u0'}}}", GROWTH_IGNORE, 0, false },
		{ "the volume names no claim", "{" REQUEST("2Gi") "}", "{'spec':{'claimRef':null}}",
		  GROWTH_IGNORE, 0, false },
		{ "a state of a later Kubernetes",
		  "{" REQUEST("2Gi") ",'status':{" STATE("SomethingNew") "}}", NULL, GROWTH_IGNORE,
		  0, false },
	};
	CHECK_ALL(rows);
}

/* Requirements A5 to A8: the PersistentVolume is smaller than the request. */
static void asks_for_a_larger_volume(void **state)
{
	static const struct row rows[] = {
		{ "new", "{" REQUEST("3Gi") "}", NULL, GROWTH_EXPAND, 3 * GI, false },
		{ "once more", "{" REQUEST("3Gi") ",'status':{" ALLOCATED("1Gi") "}}", NULL,
		  GROWTH_EXPAND, 3 * GI, false },
		{ "under way, outcome unknown",
		  "{" REQUEST("3Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "ControllerResizeInProgress") "}}",
		  NULL, GROWTH_EXPAND, 2 * GI, true },
		{ "under way, refused by the node",
		  "{" REQUEST("3Gi") ",'status':{" ALLOCATED("10Gi") "," STATE(
			  "ControllerResizeInProgress") "," CONDITION("ControllerResizeError") "}}",
		  NULL, GROWTH_EXPAND, 3 * GI, false },
		{ "the same again, refused by the node",
		  "{" REQUEST("3Gi") ",'status':{" ALLOCATED("3Gi") "," STATE(
			  "ControllerResizeInProgress") "," CONDITION("ControllerResizeError") "}}",
		  NULL, GROWTH_EXPAND, 3 * GI, true },
		{ "infeasible, lowered",
		  "{" REQUEST("3Gi") ",'status':{" ALLOCATED("10Gi") "," STATE(
			  "ControllerResizeInfeasible") "}}",
		  NULL, GROWTH_EXPAND, 3 * GI, false },
		{ "infeasible on the node",
		  "{" REQUEST("3Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "NodeResizeInfeasible") "}}",
		  NULL, GROWTH_EXPAND, 2 * GI, true },
		{ "the kubelet works on it, and the volume is as large",
		  "{" REQUEST("3Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "NodeResizeInProgress") "}}",
		  PV("2Gi"), GROWTH_IGNORE, 0, false },
		{ "the kubelet should begin, and the volume is as large",
		  "{" REQUEST("3Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "NodeResizePending") "}}",
		  PV("2Gi"), GROWTH_IGNORE, 0, false },
		{ "the kubelet should begin, but the volume is smaller",
		  "{" REQUEST("3Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "NodeResizePending") "}}",
		  PV("1Gi"), GROWTH_EXPAND, 2 * GI, true },
		{ "in progress without a size",
		  "{" REQUEST("3Gi") ",'status':{" STATE("ControllerResizeInProgress") "}}", NULL,
		  GROWTH_EXPAND, 3 * GI, false },
	};
	CHECK_ALL(rows);
}

/* Requirements A9 to A12: the PersistentVolume is as large as the request. */
static void finishes_what_was_begun(void **state)
{
	static const struct row rows[] = {
		{ "killed before the claim was written",
		  "{" REQUEST("2Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "ControllerResizeInProgress") "}}",
		  PV("2Gi"), GROWTH_EXPAND, 2 * GI, true },
		{ "infeasible",
		  "{" REQUEST("2Gi") ",'status':{" ALLOCATED("5Gi") "," STATE(
			  "ControllerResizeInfeasible") "}}",
		  PV("2Gi"), GROWTH_EXPAND, 5 * GI, true },
		{ "infeasible on the node",
		  "{" REQUEST("2Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "NodeResizeInfeasible") "}}",
		  PV("2Gi"), GROWTH_EXPAND, 2 * GI, true },
		{ "the kubelet's turn",
		  "{" REQUEST("2Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "NodeResizePending") "}}",
		  PV("2Gi"), GROWTH_IGNORE, 0, false },
		{ "the kubelet works on it",
		  "{" REQUEST("2Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "NodeResizeInProgress") "}}",
		  PV("2Gi"), GROWTH_IGNORE, 0, false },
		{ "no state, a size", "{" REQUEST("2Gi") ",'status':{" ALLOCATED("2Gi") "}}",
		  PV("2Gi"), GROWTH_EXPAND, 2 * GI, true },
		{ "the volume was made larger", "{" REQUEST("2Gi") "}", PV("2Gi"), GROWTH_EXPAND,
		  2 * GI, false },
		{ "a release before 1.28 waits for the kubelet",
		  "{" REQUEST("2Gi") ",'status':{" CONDITION("FileSystemResizePending") "}}",
		  PV("2Gi"), GROWTH_IGNORE, 0, false },
		{ "lowered by a writer that the API server did not check",
		  "{'status':{" ALLOCATED("2Gi") "," STATE("ControllerResizeInProgress") "}}",
		  PV("1Gi"), GROWTH_EXPAND, 2 * GI, true },
	};
	CHECK_ALL(rows);
}

#define NOTED                                                                                      \
	"{'metadata':{'annotations':{'volume.alpha.kubernetes.io/pre-resize-capacity':'1Gi'}},"    \
	"'spec':{'capacity':{'storage':'2Gi'}}}"

static void tidies_the_volume_up_when_the_file_system_has_grown(void **state)
{
	static const struct row rows[] = {
		{ "grown", "{" REQUEST("2Gi") ",'status':{" CAPACITY("2Gi") "}}", NOTED,
		  GROWTH_TIDY, 0, false },
		{ "not yet",
		  "{" REQUEST("2Gi") ",'status':{" ALLOCATED("2Gi") "," STATE(
			  "NodeResizePending") "}}",
		  NOTED, GROWTH_IGNORE, 0, false },
		{ "a new claim bound to the volume", "{}", NOTED, GROWTH_IGNORE, 0, false },
	};
	CHECK_ALL(rows);
}

static void refuses_to_guess_the_node(void **state)
{
	CLEANUP(object_unrefp)
	struct object *claim = sample_object(&claim_kind, CLAIM, "{" REQUEST("2Gi") "}");
	CLEANUP(object_unrefp)
	struct object *volume = sample_object(&persistent_volume_kind, VOLUME, NULL);
	CLEANUP(object_unrefp)
	struct object *anywhere =
		sample_object(&persistent_volume_kind, VOLUME, "{'spec':{'nodeAffinity':null}}");
	CLEANUP(cluster_nodes_done) struct cluster_nodes none = node_a(false);
	CLEANUP(cluster_nodes_done) struct cluster_nodes one = node_a(true);
	struct growth_plan plan;
	growth_plan(&(struct growth_view) { .claim = claim_of(claim),
					    .volume = persistent_volume_of(volume),
					    .nodes = &none },
		    &plan);
	assert_int_equal(plan.decision, GROWTH_REFUSE);
	assert_int_equal(plan.reason.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(plan.reason.text, "node \"node-a\""));
	growth_plan(&(struct growth_view) { .claim = claim_of(claim),
					    .volume = persistent_volume_of(anywhere),
					    .nodes = &one },
		    &plan);
	assert_int_equal(plan.decision, GROWTH_REFUSE);
	assert_non_null(strstr(plan.reason.text, "spec.nodeAffinity"));
}

static void waits_for_a_volume_that_is_not_there(void **state)
{
	CLEANUP(object_unrefp)
	struct object *claim = sample_object(&claim_kind, CLAIM, "{" REQUEST("2Gi") "}");
	struct growth_plan plan;
	growth_plan(&(struct growth_view) { .claim = claim_of(claim) }, &plan);
	assert_int_equal(plan.decision, GROWTH_IGNORE);
	assert_true(growth_is_wanted(claim_of(claim)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_alone_what_does_not_grow),
		cmocka_unit_test(asks_for_a_larger_volume),
		cmocka_unit_test(finishes_what_was_begun),
		cmocka_unit_test(tidies_the_volume_up_when_the_file_system_has_grown),
		cmocka_unit_test(refuses_to_guess_the_node),
		cmocka_unit_test(waits_for_a_volume_that_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
