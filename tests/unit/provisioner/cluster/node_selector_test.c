/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/node_selector.h"

#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define NODE                                                                                       \
	"{'metadata':{'name':'n1','labels':{'kubernetes.io/hostname':'h1','zone':'z1',"            \
	"'cores':'8','odd':'8x','topology.kentledge.io/node':'label'}}}"
#define CSI_NODE                                                                                   \
	"{'metadata':{'name':'n1'},'spec':{'drivers':[{'name':'kentledge.io','nodeID':'id1'}]}}"

static bool matches(const char *terms, bool registered)
{
	CLEANUP(object_unrefp) struct object *node = sample_object(&node_kind, NODE, NULL);
	CLEANUP(object_unrefp)
	struct object *csi_node = sample_object(&csi_node_kind, CSI_NODE, NULL);
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	CLEANUP_FREE char *text = must_printf("{'nodeSelectorTerms':%s}", terms);
	CLEANUP(json_object_putp) struct json_object *json = sample_json(text, NULL);
	struct node_view view = {
		.node = node_of(node),
		.csi_node = registered ? csi_node_of(csi_node) : NULL,
	};
	struct node_selector selector;
	struct error err;
	assert_int_equal(node_selector_parse(json, arena, &selector, &err), 0);
	return node_selector_matches(&selector, &view);
}

#define LABEL(key, operator, values)                                                               \
	"[{'matchExpressions':[{'key':'" key "','operator':'" operator"','values':[" values "]}]}" \
								      "]"
#define FIELD(key, operator, values)                                                               \
	"[{'matchFields':[{'key':'" key "','operator':'" operator"','values':[" values "]}]}]"

static void knows_every_operator(void **state)
{
	static const struct {
		const char *terms;
		bool holds;
	} rows[] = {
		{ LABEL("zone", "In", "'z0','z1'"), true },
		{ LABEL("zone", "In", "'z0'"), false },
		{ LABEL("none", "In", "'z1'"), false },
		{ LABEL("zone", "NotIn", "'z0'"), true },
		{ LABEL("zone", "NotIn", "'z1'"), false },
		{ LABEL("none", "NotIn", "'z1'"), true },
		{ LABEL("zone", "Exists", ""), true },
		{ LABEL("none", "Exists", ""), false },
		{ LABEL("zone", "DoesNotExist", ""), false },
		{ LABEL("none", "DoesNotExist", ""), true },
		{ LABEL("cores", "Gt", "'7'"), true },
		{ LABEL("cores", "Gt", "'8'"), false },
		{ LABEL("cores", "Lt", "'9'"), true },
		{ LABEL("cores", "Lt", "'8'"), false },
		{ LABEL("none", "Gt", "'1'"), false },
		{ LABEL("odd", "Gt", "'1'"), false },
		{ LABEL("odd", "Lt", "'9'"), false },
		{ LABEL("cores", "Gt", "'x'"), false },
		{ LABEL("cores", "Gt", "'1','2'"), false },
		{ LABEL("zone", "Near", "'z1'"), false },
		{ FIELD("metadata.name", "In", "'n1'"), true },
		{ FIELD("metadata.name", "In", "'h1'"), false },
		{ FIELD("metadata.name", "NotIn", "'n1'"), false },
		{ FIELD("metadata.name", "NotIn", "'n2'"), true },
		{ FIELD("metadata.uid", "In", "'n1'"), false },
		{ "[]", false },
		{ "[{}]", false },
		{ "[{'matchExpressions':[]}]", false },
		{ "[{},{'matchExpressions':[{'key':'zone','operator':'Exists'}]}]", true },
		{ "[{'matchExpressions':[{'key':'zone','operator':'Exists'},"
		  "{'key':'none','operator':'Exists'}]}]",
		  false },
		{ "[{'matchExpressions':[{'key':'zone','operator':'Exists'}],'matchFields':["
		  "{'key':'metadata.name','operator':'In','values':['n2']}]}]",
		  false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (matches(rows[i].terms, true) != rows[i].holds)
			fail_msg("%s: %d", rows[i].terms, !rows[i].holds);
}

static void takes_the_drivers_own_id_for_its_topology_key(void **state)
{
	assert_true(matches(LABEL("topology.kentledge.io/node", "In", "'id1'"), true));
	assert_false(matches(LABEL("topology.kentledge.io/node", "In", "'label'"), true));
	assert_true(matches(LABEL("topology.kentledge.io/node", "In", "'label'"), false));
	assert_false(matches(LABEL("topology.kentledge.io/node", "In", "'n1'"), false));
}

static void refuses_what_is_no_selector(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	CLEANUP(json_object_putp)
	struct json_object *json =
		sample_json("{'nodeSelectorTerms':[{'matchFields':[{'key':'a'}]}]}", NULL);
	struct node_selector selector;
	struct error err;
	assert_int_equal(node_selector_parse(json, arena, &selector, &err), -1);
	assert_non_null(strstr(err.text, "nodeSelectorTerms[0].matchFields[0].operator"));
	assert_int_equal(node_selector_parse(NULL, arena, &selector, &err), 0);
	assert_int_equal(selector.term_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_every_operator),
		cmocka_unit_test(takes_the_drivers_own_id_for_its_topology_key),
		cmocka_unit_test(refuses_what_is_no_selector),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
