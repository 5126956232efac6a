/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/metadata_patch.h"

#include <string.h>

#include "kube/claim.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

static struct object *object_with(const char *patch)
{
	return sample_object(&claim_kind,
			     "{'metadata':{'name':'c','namespace':'n','uid':'u1',"
			     "'resourceVersion':'7','finalizers':['a/b','x/y'],"
			     "'annotations':{'k/~one':'v'}},"
			     "'spec':{'accessModes':['ReadWriteOnce']}}",
			     patch);
}

static void assert_json(struct json_object *patch, const char *expected)
{
	CLEANUP(json_object_putp) struct json_object *json = sample_json(expected, NULL);
	assert_string_equal(json_object_to_json_string(patch), json_object_to_json_string(json));
}

static void adds_for_one_resource_version_only(void **state)
{
	CLEANUP(object_unrefp) struct object *object = object_with(NULL);
	CLEANUP(json_object_putp)
	struct json_object *patch = metadata_patch_add(object, "f/g", "note", "w");
	assert_json(patch, "{'metadata':{'resourceVersion':'7','finalizers':['a/b','x/y','f/g'],"
			   "'annotations':{'note':'w'}}}");
}

static void adds_no_finalizer_twice(void **state)
{
	CLEANUP(object_unrefp) struct object *object = object_with(NULL);
	CLEANUP(json_object_putp)
	struct json_object *patch = metadata_patch_add(object, "x/y", NULL, NULL);
	assert_json(patch, "{'metadata':{'resourceVersion':'7'}}");
}

static void removes_only_what_it_tests(void **state)
{
	CLEANUP(object_unrefp) struct object *object = object_with(NULL);
	CLEANUP(json_object_putp) struct json_object *patch = metadata_patch_new(object);
	assert_true(metadata_patch_is_empty(patch));
	metadata_patch_remove_finalizer(patch, object, "x/y");
	metadata_patch_remove_annotation(patch, object, "k/~one");
	assert_false(metadata_patch_is_empty(patch));
	assert_json(patch, "[{'op':'test','path':'/metadata/uid','value':'u1'},"
			   "{'op':'test','path':'/metadata/finalizers/1','value':'x/y'},"
			   "{'op':'remove','path':'/metadata/finalizers/1'},"
			   "{'op':'test','path':'/metadata/annotations/k~1~0one','value':'v'},"
			   "{'op':'remove','path':'/metadata/annotations/k~1~0one'}]");
}

static void removes_nothing_that_is_not_there(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object = object_with("{'metadata':{'finalizers':null}}");
	CLEANUP(json_object_putp) struct json_object *patch = metadata_patch_new(object);
	metadata_patch_remove_finalizer(patch, object, "x/y");
	metadata_patch_remove_annotation(patch, object, "other");
	assert_true(metadata_patch_is_empty(patch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_for_one_resource_version_only),
		cmocka_unit_test(adds_no_finalizer_twice),
		cmocka_unit_test(removes_only_what_it_tests),
		cmocka_unit_test(removes_nothing_that_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
