/* SPDX-License-Identifier: Apache-2.0 */
#include "modify/plan.h"

#include <string.h>

#include "sample.h"
#include "test.h"

/* Bound, without any class. */
#define CLAIM                                                                                      \
	"{'metadata':{'name':'www','namespace':'default','uid':'u1'},'spec':{"                     \
	"'accessModes':['ReadWriteOnce'],'volumeName':'pvc-u1'},'status':{'phase':'Bound'}}"

#define VOLUME                                                                                     \
	"{'metadata':{'name':'pvc-u1','uid':'v1'},'spec':{"                                        \
	"'csi':{'driver':'kentledge.io','volumeHandle':'pvc-u1'},"                                 \
	"'claimRef':{'namespace':'default','name':'www','uid':'u1'},"                              \
	"'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':["                   \
	"{'key':'topology.kentledge.io/node','operator':'In','values':['node-a']}]}]}}}}"

#define WANTS(class) "'spec':{'volumeAttributesClassName':'" class "'}"
#define HAS(class) "'currentVolumeAttributesClassName':'" class "'"
#define STATE(word, target)                                                                        \
	"'modifyVolumeStatus':{'status':'" word "','targetVolumeAttributesClassName':'" target "'" \
	"}"
#define MODIFYING "'conditions':[{'type':'ModifyingVolume','status':'True'}]"

enum class_kind { OURS, FOREIGN, MISSING, UNSERVED };

struct row {
	const char *what;
	const char *claim; /* merge patch */
	bool answered;
	enum class_kind class;
	const char *volume; /* merge patch */
	enum modify_decision decision;
	const char *target;
	bool repeats;
};

static struct object *class_of_kind(enum class_kind kind, const char *name)
{
	if (!name || kind == MISSING || kind == UNSERVED)
		return NULL;
	return sample_object(&attributes_class_kind,
			     "{'metadata':{'name':'any'},'driverName':'kentledge.io'}",
			     kind == FOREIGN ? "{'driverName':'other.io'}" : NULL);
}

static void plan_row(const struct row *row, struct modify_plan *plan)
{
	static const char node[] = "{'metadata':{'name':'node-a','labels':{"
				   "'kubernetes.io/hostname':'node-a'}}}";
	CLEANUP(object_unrefp)
	struct object *claim = sample_object(&claim_kind, CLAIM, row->claim);
	CLEANUP(object_unrefp)
	struct object *volume = sample_object(&persistent_volume_kind, VOLUME, row->volume);
	const char *target = modify_target(claim_of(claim), row->answered);
	CLEANUP(object_unrefp) struct object *class = class_of_kind(row->class, target);
	CLEANUP(cluster_nodes_done)
	struct cluster_nodes nodes = { .views = must_alloc(sizeof(*nodes.views)), .count = 1 };
	nodes.views[0].node = node_of(sample_object(&node_kind, node, NULL));
	modify_plan(&(struct modify_view) { .claim = claim_of(claim),
					    .answered = row->answered,
					    .class = class ? attributes_class_of(class) : NULL,
					    .unserved = row->class == UNSERVED,
					    .volume = persistent_volume_of(volume),
					    .nodes = &nodes },
		    plan);
	if (plan->decision != row->decision)
		fail_msg("%s: decision %d instead of %d", row->what, plan->decision, row->decision);
	if (row->target && (!plan->target || strcmp(plan->target, row->target) != 0))
		fail_msg("%s: target %s instead of %s", row->what, plan->target, row->target);
	if (plan->repeats != row->repeats)
		fail_msg("%s: repeats: %d", row->what, plan->repeats);
	if (plan->decision == MODIFY_SEND)
		assert_string_equal(plan->node, "node-a");
	/* The index and the queue lead to every claim that there is something to do about. */
	if (plan->decision != MODIFY_IGNORE && !modify_is_wanted(claim_of(claim)))
		fail_msg("%s: is not wanted", row->what);
}

static void check_rows(const struct row *rows, size_t count)
{
	struct modify_plan plan;
	for (size_t i = 0; i < count; i++)
		plan_row(&rows[i], &plan);
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof(*(rows)))

/* Requirement B2. */
static void does_nothing_where_the_claim_has_what_it_names(void **state)
{
	static const struct row rows[] = {
		{ .what = "no class" },
		{ .what = "an empty name", .claim = "{" WANTS("") "}" },
		{ .what = "an empty name and an empty current one",
		  .claim = "{" WANTS("") ",'status':{" HAS("") "}}" },
		{ .what = "the current one",
		  .claim = "{" WANTS("gold") ",'status':{" HAS("gold") "}}" },
		{ .what = "not bound",
		  .claim = "{" WANTS("gold") ",'status':{'phase':'Pending'}}" },
		{ .what = "lost", .claim = "{" WANTS("gold") ",'status':{'phase':'Lost'}}" },
		{ .what = "another driver's volume",
		  .claim = "{" WANTS("gold") "}",
		  .volume = "{'spec':{'csi':{'driver':'other.io'}}}" },
		{ .what = "another claim's volume",
		  .claim = "{" WANTS("gold") "}",
		  .volume = "{'spec':{'claimRef':{'uid':'u2'}}}" },
		{ .what = "a state of a later Kubernetes",
		  .claim = "{" WANTS("gold") ",'status':{" STATE("Paused", "gold") "}}" },
	};
	CHECK(rows);
}

static void sends_the_class_that_the_claim_names(void **state)
{
	static const struct row rows[] = {
		{ "the first class", "{" WANTS("gold") "}", .decision = MODIFY_SEND,
		  .target = "gold" },
		{ "another class", "{" WANTS("gold") ",'status':{" HAS("silver") "}}",
		  .decision = MODIFY_SEND, .target = "gold" },
		{ "the class has appeared",
		  "{" WANTS("gold") ",'status':{" STATE("Pending", "gold") "}}",
		  .decision = MODIFY_SEND, .target = "gold" },
		{ "the same again after it was infeasible",
		  "{" WANTS("gold") ",'status':{" STATE("Infeasible", "gold") "}}",
		  .decision = MODIFY_SEND, .target = "gold" },
		{ "another one after that",
		  "{" WANTS("silver") ",'status':{" STATE("Infeasible", "gold") "}}",
		  .decision = MODIFY_SEND, .target = "silver" },
		{ "B12: the old one again",
		  "{" WANTS("silver") ",'status':{" HAS("silver") "," STATE("Infeasible",
									    "gold") "}}",
		  .decision = MODIFY_SEND, .target = "silver" },
	};
	CHECK(rows);
}

/* Requirement B9. */
static void keeps_the_target_while_the_outcome_is_unknown(void **state)
{
	static const struct row rows[] = {
		{ "found in progress",
		  "{" WANTS("gold") ",'status':{" STATE("InProgress", "gold") "}}",
		  .decision = MODIFY_SEND, .target = "gold", .repeats = true },
		{ "another one is named meanwhile",
		  "{" WANTS("silver") ",'status':{" STATE("InProgress", "gold") "}}",
		  .decision = MODIFY_SEND, .target = "gold", .repeats = true },
		{ "the old one is named meanwhile",
		  "{" WANTS("silver") ",'status':{" HAS("silver") "," STATE("InProgress",
									    "gold") "}}",
		  .decision = MODIFY_SEND, .target = "gold", .repeats = true },
		{ "B11: none is named meanwhile",
		  "{'status':{" STATE("InProgress", "gold") "," MODIFYING "}}",
		  .decision = MODIFY_SEND, .target = "gold", .repeats = true },
		{ "the same, with an answer",
		  "{'status':{" STATE("InProgress", "gold") "," MODIFYING "}}", .answered = true,
		  .decision = MODIFY_SEND, .target = "gold", .repeats = true },
		{ "another one, with an answer",
		  "{" WANTS("silver") ",'status':{" STATE("InProgress", "gold") "}}",
		  .answered = true, .decision = MODIFY_SEND, .target = "silver" },
		{ "the old one, with an answer",
		  "{" WANTS("silver") ",'status':{" HAS("silver") "," STATE("InProgress",
									    "gold") "}}",
		  .answered = true, .decision = MODIFY_SEND, .target = "silver" },
		{ "its class is gone",
		  "{" WANTS("silver") ",'status':{" STATE("InProgress", "gold") "}}",
		  .class = MISSING, .decision = MODIFY_REFUSE, .target = "gold" },
	};
	CHECK(rows);
}

/* Requirements B3 and B4. */
static void sends_no_class_that_is_missing_or_foreign(void **state)
{
	static const struct row rows[] = {
		{ "missing", "{" WANTS("gold") "}", .class = MISSING, .decision = MODIFY_AWAIT,
		  .target = "gold" },
		{ "missing still", "{" WANTS("gold") ",'status':{" STATE("Pending", "gold") "}}",
		  .class = MISSING, .decision = MODIFY_AWAIT, .target = "gold" },
		{ "foreign", "{" WANTS("gold") "}", .class = FOREIGN, .decision = MODIFY_REJECT,
		  .target = "gold" },
		{ "foreign still", "{" WANTS("gold") ",'status':{" STATE("Infeasible", "gold") "}}",
		  .class = FOREIGN, .decision = MODIFY_REJECT, .target = "gold" },
		{ "Z11: not served", "{" WANTS("gold") "}", .class = UNSERVED,
		  .decision = MODIFY_REFUSE, .target = "gold" },
	};
	CHECK(rows);
}

/* Requirement B11. */
static void takes_a_change_back_that_was_never_made(void **state)
{
	static const struct row rows[] = {
		{ "infeasible", "{'status':{" STATE("Infeasible", "gold") "," MODIFYING "}}",
		  .decision = MODIFY_CANCEL },
		{ "an empty name",
		  "{" WANTS("") ",'status':{" STATE("Infeasible", "gold") "," MODIFYING "}}",
		  .decision = MODIFY_CANCEL },
		{ "taken back already", "{'status':{" STATE("Infeasible", "gold") "}}",
		  .decision = MODIFY_IGNORE },
		{ "nothing was begun", "{'status':{" STATE("Pending", "gold") "}}",
		  .decision = MODIFY_IGNORE },
		{ "there is a current one",
		  "{'status':{" HAS("silver") "," STATE("Infeasible", "gold") "," MODIFYING "}}",
		  .decision = MODIFY_IGNORE },
	};
	CHECK(rows);
}

static void says_why_it_waits(void **state)
{
	static const char unbound_to_a_node[] = "{'spec':{'nodeAffinity':{'required':{"
						"'nodeSelectorTerms':[{'matchExpressions':[{'key':"
						"'topology.kentledge.io/node','operator':'In',"
						"'values':['node-z']}]}]}}}}";
	struct modify_plan plan;
	plan_row(&(struct row) { "no such node", "{" WANTS("gold") "}", .volume = unbound_to_a_node,
				 .decision = MODIFY_REFUSE },
		 &plan);
	assert_int_equal(plan.reason.code, ERROR_UNAVAILABLE);
	plan_row(&(struct row) { "missing", "{" WANTS("gold") "}", .class = MISSING,
				 .decision = MODIFY_AWAIT },
		 &plan);
	assert_non_null(strstr(plan.reason.text, "\"gold\" not found"));
	plan_row(&(struct row) { "foreign", "{" WANTS("gold") "}", .class = FOREIGN,
				 .decision = MODIFY_REJECT },
		 &plan);
	assert_non_null(strstr(plan.reason.text, "driver other.io"));
	plan_row(&(struct row) { "unserved", "{" WANTS("gold") "}", .class = UNSERVED,
				 .decision = MODIFY_REFUSE },
		 &plan);
	assert_non_null(strstr(plan.reason.text, "does not serve"));
}

/* What cannot be held is tried now and then, and not when its node changes. */
static void an_infeasible_class_waits_for_no_node(void **state)
{
	static const struct {
		const char *claim;
		bool waits;
	} rows[] = {
		{ "{" WANTS("gold") "}", true },
		{ "{" WANTS("gold") ",'status':{" STATE("InProgress", "gold") "}}", true },
		{ "{" WANTS("gold") ",'status':{" STATE("Infeasible", "silver") "}}", true },
		{ "{" WANTS("gold") ",'status':{" STATE("Infeasible", "gold") "}}", false },
		{ NULL, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(object_unrefp)
		struct object *claim = sample_object(&claim_kind, CLAIM, rows[i].claim);
		if (modify_waits_for_node(claim_of(claim)) != rows[i].waits)
			fail_msg("%s", rows[i].claim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_nothing_where_the_claim_has_what_it_names),
		cmocka_unit_test(sends_the_class_that_the_claim_names),
		cmocka_unit_test(keeps_the_target_while_the_outcome_is_unknown),
		cmocka_unit_test(sends_no_class_that_is_missing_or_foreign),
		cmocka_unit_test(takes_a_change_back_that_was_never_made),
		cmocka_unit_test(says_why_it_waits),
		cmocka_unit_test(an_infeasible_class_waits_for_no_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
