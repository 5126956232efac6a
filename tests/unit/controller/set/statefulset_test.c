/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "set/statefulset.h"
#include "set/statefulset_status.h"
#include "set_scene.h"
#include "test.h"

static struct object *set_with(const char *spec, const char *status)
{
	CLEANUP_FREE char *json = must_printf(
		"{'metadata':{'name':'web','namespace':'default','uid':'u','resourceVersion':'9',"
		"'generation':4},'spec':{'selector':{'matchLabels':{'app':'web'}}%s%s},"
		"'status':{%s}}",
		*spec ? "," : "", spec, status);
	return scene_object(&statefulset_apps_kind, json);
}

static void what_is_not_said_has_the_defaults_of_apps_v1(void **state)
{
	CLEANUP(object_unrefp) struct object *object = set_with("", "");
	struct statefulset *set = statefulset_of(object);
	assert_int_equal(set->replicas, 1);
	assert_int_equal(set->start_ordinal, 0);
	assert_int_equal(set->revision_history_limit, 10);
	assert_int_equal(set->pod_management, ORDERED_READY);
	assert_int_equal(set->update_strategy, ROLLING_UPDATE);
	assert_int_equal(set->partition, 0);
	assert_int_equal(set->when_deleted, RETAIN);
	assert_int_equal(set->when_scaled, RETAIN);
	assert_int_equal(statefulset_max_unavailable(set), 1);
	assert_string_equal(set->service_name, "");
	assert_string_equal(set->status.current_revision, "");
}

static void max_unavailable_is_rounded_down_to_at_least_one(void **state)
{
	static const struct {
		int replicas;
		const char *value;
		int wanted;
	} rows[] = {
		{ 25, "'10%'", 2 }, { 5, "'50%'", 2 },	{ 5, "'10%'", 1 }, { 5, "3", 3 },
		{ 5, "'100%'", 5 }, { 0, "'100%'", 1 }, { 7, "'99%'", 6 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP_FREE char *spec = must_printf(
			"'replicas':%d,'updateStrategy':{'rollingUpdate':{'maxUnavailable':%s}}",
			rows[i].replicas, rows[i].value);
		CLEANUP(object_unrefp) struct object *set = set_with(spec, "");
		assert_int_equal(statefulset_max_unavailable(statefulset_of(set)), rows[i].wanted);
	}
}

static void a_field_of_the_wrong_shape_is_named(void **state)
{
	static const struct {
		const char *json;
		const char *field;
	} rows[] = {
		{ "'replicas':-1,'selector':{}", "spec.replicas" },
		{ "'replicas':'3','selector':{}", "spec.replicas" },
		{ "'replicas':99999999999,'selector':{}", "spec.replicas" },
		{ "'replicas':1", "spec.selector" },
		{ "'selector':{'matchExpressions':[{'key':'a','operator':'Like'}]}",
		  "spec.selector.matchExpressions[0].operator" },
		{ "'selector':{'matchExpressions':[{'key':'a','operator':'In'}]}",
		  "spec.selector.matchExpressions[0].values" },
		{ "'selector':{'matchExpressions':[{'key':'a','operator':'Exists','values':['b']}]"
		  "}",
		  "spec.selector.matchExpressions[0].values" },
		{ "'selector':{},'updateStrategy':{'rollingUpdate':{'maxUnavailable':'many'}}",
		  "spec.updateStrategy.rollingUpdate.maxUnavailable" },
		{ "'selector':{},'template':[]", "spec.template" },
		{ "'selector':{},'volumeClaimTemplates':[{}]",
		  "spec.volumeClaimTemplates[0].metadata.name" },
		{ "'selector':{},'volumeClaimTemplates':[7]", "spec.volumeClaimTemplates[0]" },
		{ "'selector':{},'ordinals':{'start':-1}", "spec.ordinals.start" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP_FREE char *json = must_printf(
			"{'metadata':{'name':'web','namespace':'n'},'spec':{%s}}", rows[i].json);
		for (char *c = json; *c; c++)
			if (*c == '\'')
				*c = '"';
		struct object *object = NULL;
		struct error err = { 0 };
		assert_int_equal(object_parse_text(&statefulset_apps_kind, json, strlen(json),
						   &object, &err),
				 -1);
		assert_int_equal(err.code, ERROR_INVALID);
		if (strncmp(err.text, rows[i].field, strlen(rows[i].field)) != 0)
			print_error("%s: %s\n", rows[i].json, err.text);
		assert_memory_equal(err.text, rows[i].field, strlen(rows[i].field));
	}
}

static void selectors_match_by_labels_and_expressions(void **state)
{
	static const struct {
		const char *selector;
		bool matches; /* app=web, tier=front */
	} rows[] = {
		{ "{}", true },
		{ "{'matchLabels':{'app':'web'}}", true },
		{ "{'matchLabels':{'app':'web','x':'y'}}", false },
		{ "{'matchExpressions':[{'key':'app','operator':'In','values':['a','web']}]}",
		  true },
		{ "{'matchExpressions':[{'key':'app','operator':'In','values':['a']}]}", false },
		{ "{'matchExpressions':[{'key':'zone','operator':'In','values':['a']}]}", false },
		{ "{'matchExpressions':[{'key':'app','operator':'NotIn','values':['web']}]}",
		  false },
		{ "{'matchExpressions':[{'key':'zone','operator':'NotIn','values':['a']}]}", true },
		{ "{'matchExpressions':[{'key':'tier','operator':'Exists'}]}", true },
		{ "{'matchExpressions':[{'key':'zone','operator':'Exists'}]}", false },
		{ "{'matchExpressions':[{'key':'zone','operator':'DoesNotExist'}]}", true },
		{ "{'matchExpressions':[{'key':'tier','operator':'DoesNotExist'}]}", false },
	};
	struct pair items[] = { { "app", "web" }, { "tier", "front" } };
	struct pairs labels = { .items = items, .count = 2 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP_FREE char *json = must_printf(
			"{'metadata':{'name':'web','namespace':'n'},'spec':{'selector':%s}}",
			rows[i].selector);
		CLEANUP(object_unrefp)
		struct object *set = scene_object(&statefulset_apps_kind, json);
		assert_int_equal(selector_matches(&statefulset_of(set)->selector, &labels),
				 rows[i].matches);
	}
}

#define COUNTS                                                                                     \
	"'observedGeneration':4,'replicas':3,'readyReplicas':3,'availableReplicas':3,"             \
	"'currentReplicas':1,'updatedReplicas':3,'currentRevision':'a','updateRevision':'b'"

static void a_status_is_written_only_if_it_says_something_new(void **state)
{
	CLEANUP(object_unrefp) struct object *object = set_with("'replicas':3", COUNTS);
	struct statefulset *set = statefulset_of(object);
	struct statefulset_status status = set->status;
	assert_false(status_differs(&status, set));
	status.collision_count = 7;
	assert_false(status_differs(&status, set));
	status.observed_generation = 3;
	assert_false(status_differs(&status, set));
	status.observed_generation = 5;
	assert_true(status_differs(&status, set));
	status = set->status;
	status.current_replicas = 2;
	assert_true(status_differs(&status, set));
	status = set->status;
	status.current_revision = "b";
	assert_true(status_differs(&status, set));
}

static void the_update_revision_is_promoted_when_all_pods_have_it(void **state)
{
	CLEANUP(object_unrefp) struct object *object = set_with("'replicas':3", COUNTS);
	struct statefulset *set = statefulset_of(object);
	struct statefulset_status status = set->status;
	status_promote(&status, set);
	assert_string_equal(status.current_revision, "b");
	assert_int_equal(status.current_replicas, 3);

	status = set->status;
	status.updated_replicas = 2;
	status_promote(&status, set);
	assert_string_equal(status.current_revision, "a");
	status = set->status;
	status.ready_replicas = 2;
	status_promote(&status, set);
	assert_string_equal(status.current_revision, "a");
	status = set->status;
	status.replicas = 4;
	status_promote(&status, set);
	assert_string_equal(status.current_revision, "a");
}

static void the_patch_writes_zeros_too_and_is_guarded(void **state)
{
	CLEANUP(object_unrefp) struct object *object = set_with("'replicas':3", COUNTS);
	struct statefulset_status status = { .current_revision = "a", .update_revision = "b" };
	CLEANUP(json_object_putp)
	struct json_object *patch = status_patch(&status, statefulset_of(object));
	assert_string_equal(json_text(json_find(patch, "metadata"), NULL),
			    "{\"resourceVersion\":\"9\"}");
	assert_int_equal(json_object_get_int(json_find(patch, "status.readyReplicas")), 0);
	assert_non_null(json_find(patch, "status.readyReplicas"));
}

static void what_a_set_waits_for_is_a_condition_beside_those_of_others(void **state)
{
	static const char status_json[] =
		COUNTS ",'conditions':[{'type':'Progressing','status':'True'},7,{'type':'Waiting',"
		       "'status':'True','reason':'StaleClaim','message':'m'}]";
	CLEANUP(object_unrefp) struct object *object = set_with("'replicas':3", status_json);
	struct statefulset *set = statefulset_of(object);
	struct statefulset_status status = set->status;
	assert_string_equal(set->status.waiting_reason, "StaleClaim");
	assert_false(status_differs(&status, set));
	status.waiting_message = "n";
	assert_true(status_differs(&status, set));
	CLEANUP(json_object_putp) struct json_object *changed = status_patch(&status, set);
	assert_string_equal(json_text(json_find(changed, "status.conditions"), NULL),
			    "[{\"type\":\"Waiting\",\"status\":\"True\",\"reason\":\"StaleClaim\","
			    "\"message\":\"n\"}]");
	status.waiting_reason = status.waiting_message = NULL;
	assert_true(status_differs(&status, set));
	CLEANUP(json_object_putp) struct json_object *over = status_patch(&status, set);
	assert_string_equal(json_text(json_find(over, "status.conditions"), NULL),
			    "[{\"type\":\"Waiting\",\"$patch\":\"delete\"}]");
	/* A status that says nothing new of it leaves the conditions alone. */
	status = set->status;
	status.replicas = 4;
	CLEANUP(json_object_putp) struct json_object *counts = status_patch(&status, set);
	assert_null(json_find(counts, "status.conditions"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_has_the_defaults_of_apps_v1),
		cmocka_unit_test(max_unavailable_is_rounded_down_to_at_least_one),
		cmocka_unit_test(a_field_of_the_wrong_shape_is_named),
		cmocka_unit_test(selectors_match_by_labels_and_expressions),
		cmocka_unit_test(a_status_is_written_only_if_it_says_something_new),
		cmocka_unit_test(the_update_revision_is_promoted_when_all_pods_have_it),
		cmocka_unit_test(the_patch_writes_zeros_too_and_is_guarded),
		cmocka_unit_test(what_a_set_waits_for_is_a_condition_beside_those_of_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
