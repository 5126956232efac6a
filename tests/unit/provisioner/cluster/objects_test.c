/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "cluster/attributes_class.h"
#include "cluster/class.h"
#include "cluster/endpoint_slice.h"
#include "cluster/node.h"
#include "cluster/persistent_volume.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define SLICE                                                                                      \
	"{'metadata':{'name':'kentledge-node-x','namespace':'kentledge'},'addressType':'IPv4',"    \
	"'ports':[{'name':'http','port':9746},{'name':'csi','port':9999}],'endpoints':["           \
	"{'addresses':['10.0.0.1'],'nodeName':'node-a','conditions':{'ready':false}},"             \
	"{'addresses':['10.0.0.2'],'nodeName':'node-a','conditions':{'ready':true}},"              \
	"{'addresses':['10.0.0.3'],'nodeName':'node-b','conditions':{'ready':false}},"             \
	"{'addresses':['10.0.0.4']}]}"

static void assert_address(const char *patch, const char *node, const char *expected)
{
	CLEANUP(object_unrefp)
	struct object *object = sample_object(&endpoint_slice_kind, SLICE, patch);
	const struct endpoint_slice *slice = endpoint_slice_of(object);
	const struct endpoint *endpoint = endpoint_slice_find(slice, node);
	assert_non_null(endpoint);
	CLEANUP_TEXT struct text text = TEXT_INIT;
	endpoint_append_address(slice, endpoint, &text);
	assert_string_equal(text_string(&text), expected);
}

static void finds_where_the_plugin_of_a_node_listens(void **state)
{
	assert_address(NULL, "node-a", "10.0.0.2:9999");
	assert_address(NULL, "node-b", "10.0.0.3:9999");
	assert_address("{'ports':[{'port':7}]}", "node-b", "10.0.0.3:7");
	assert_address("{'ports':null}", "node-b", "10.0.0.3:9745");
	assert_address("{'addressType':'IPv6','endpoints':[{'addresses':['fd00::7'],"
		       "'nodeName':'node-a'}]}",
		       "node-a", "[fd00::7]:9999");
}

static void finds_no_node_that_has_no_endpoint(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object = sample_object(&endpoint_slice_kind, SLICE, NULL);
	assert_null(endpoint_slice_find(endpoint_slice_of(object), "node-c"));
	CLEANUP(object_unrefp)
	struct object *empty =
		sample_object(&endpoint_slice_kind, SLICE, "{'endpoints':null,'ports':null}");
	assert_null(endpoint_slice_find(endpoint_slice_of(empty), "node-a"));
}

static void assert_refused(const struct kind *kind, const char *json, const char *patch,
			   const char *text)
{
	CLEANUP(json_object_putp) struct json_object *tree = sample_json(json, patch);
	struct object *object = NULL;
	struct error err;
	assert_int_equal(object_parse(kind, tree, &object, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void names_the_field_that_cannot_be_read(void **state)
{
	assert_refused(&endpoint_slice_kind, SLICE, "{'ports':[{'port':70000}]}", "ports[0].port");
	assert_refused(&endpoint_slice_kind, SLICE, "{'endpoints':[{'addresses':7}]}",
		       "endpoints[0].addresses");
	assert_refused(&class_kind, "{'metadata':{'name':'c'}}", NULL, "provisioner");
	assert_refused(&class_kind, "{'metadata':{'name':'c'},'provisioner':'p'}",
		       "{'allowedTopologies':[{'matchLabelExpressions':[{'values':[]}]}]}",
		       "allowedTopologies[0].matchLabelExpressions[0].key");
	assert_refused(&csi_node_kind, "{'metadata':{'name':'n'}}",
		       "{'spec':{'drivers':[{'name':'kentledge.io'}]}}", "spec.drivers[0].nodeID");
	assert_refused(&persistent_volume_kind, "{'metadata':{'name':'v'}}",
		       "{'spec':{'csi':{'driver':'d'}}}", "spec.csi.volumeHandle");
	assert_refused(&persistent_volume_kind, "{'metadata':{'name':'v'}}",
		       "{'spec':{'capacity':{'storage':'1Zi'}}}", "spec.capacity.storage");
}

static void reads_an_attributes_class(void **state)
{
	static const char fast[] = "{'metadata':{'name':'fast'},'driverName':'kentledge.io',"
				   "'parameters':{'readIOPS':'100','writeIOPS':'50'}}";
	CLEANUP(object_unrefp)
	struct object *object = sample_object(&attributes_class_kind, fast, NULL);
	const struct attributes_class *class = attributes_class_of(object);
	assert_true(attributes_class_is_ours(class));
	assert_int_equal(class->parameters.count, 2);
	assert_string_equal(pairs_get(&class->parameters, "writeIOPS"), "50");
	CLEANUP(object_unrefp)
	struct object *other = sample_object(&attributes_class_kind, fast,
					     "{'driverName':'ebs.csi.aws.com','parameters':null}");
	assert_false(attributes_class_is_ours(attributes_class_of(other)));
	assert_refused(&attributes_class_kind, fast, "{'driverName':null}", "driverName");
	assert_refused(&attributes_class_kind, fast, "{'parameters':{'readIOPS':7}}", "parameters");
}

static bool allows(const char *topologies, const char *labels)
{
	CLEANUP(object_unrefp)
	struct object *class = sample_object(
		&class_kind, "{'metadata':{'name':'c'},'provisioner':'p'}", topologies);
	CLEANUP(object_unrefp)
	struct object *node = sample_object(&node_kind, "{'metadata':{'name':'n'}}", labels);
	return class_allows(class_of(class), &node->labels);
}

static void matches_nodes_against_allowed_topologies(void **state)
{
	static const char one_of_two[] =
		"{'allowedTopologies':[{'matchLabelExpressions':["
		"{'key':'zone','values':['1','2']},{'key':'disk','values':['ssd']}]},"
		"{'matchLabelExpressions':[{'key':'zone','values':['9']}]}]}";
	assert_true(allows(NULL, NULL));
	assert_true(allows(one_of_two, "{'metadata':{'labels':{'zone':'2','disk':'ssd'}}}"));
	assert_true(allows(one_of_two, "{'metadata':{'labels':{'zone':'9'}}}"));
	assert_false(allows(one_of_two, "{'metadata':{'labels':{'zone':'2','disk':'hdd'}}}"));
	assert_false(allows(one_of_two, "{'metadata':{'labels':{'disk':'ssd'}}}"));
	assert_false(allows(one_of_two, NULL));
	assert_false(allows("{'allowedTopologies':[{'matchLabelExpressions':[]}]}", NULL));
}

static void reads_the_defaults_of_a_class(void **state)
{
	CLEANUP(object_unrefp)
	struct object *class =
		sample_object(&class_kind, "{'metadata':{'name':'c'},'provisioner':'p'}", NULL);
	assert_true(class_of(class)->delete_released);
	assert_false(class_of(class)->wait_for_first_consumer);
}

static void counts_a_node_without_conditions_as_not_ready(void **state)
{
	CLEANUP(object_unrefp)
	struct object *node = sample_object(&node_kind, "{'metadata':{'name':'n'}}", NULL);
	assert_false(node_of(node)->ready);
	CLEANUP(object_unrefp)
	struct object *well =
		sample_object(&node_kind, "{'metadata':{'name':'n'}}",
			      "{'status':{'conditions':[{'type':'DiskPressure','status':'False'},"
			      "{'type':'Ready','status':'True'}]}}");
	assert_true(node_of(well)->ready);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_where_the_plugin_of_a_node_listens),
		cmocka_unit_test(finds_no_node_that_has_no_endpoint),
		cmocka_unit_test(names_the_field_that_cannot_be_read),
		cmocka_unit_test(reads_an_attributes_class),
		cmocka_unit_test(matches_nodes_against_allowed_topologies),
		cmocka_unit_test(reads_the_defaults_of_a_class),
		cmocka_unit_test(counts_a_node_without_conditions_as_not_ready),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
