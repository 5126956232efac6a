/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/object.h"

#include <string.h>

#include "base/same.h"
#include "base/text.h"
#include "fake_json.h"
#include "kube/claim.h"
#include "kube/json.h"
#include "test.h"

static struct object *parse(const char *text)
{
	CLEANUP(json_object_putp) struct json_object *json = fake_json_of(text);
	struct object *object;
	struct error err;
	if (object_parse(&claim_kind, json, &object, &err) < 0)
		fail_msg("%s", err.text);
	return object;
}

static void reads_the_metadata(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object =
		parse("{'apiVersion':'v1','kind':'PersistentVolumeClaim','metadata':{"
		      "'namespace':'default','name':'www-web-0','uid':'u-1','resourceVersion':'42',"
		      "'generation':3,'creationTimestamp':'2026-11-24T09:15:02Z',"
		      "'deletionTimestamp':'2026-11-24T09:15:03Z',"
		      "'labels':{'app':'nginx','tier':''},'annotations':{'a.b/c':'d'},"
		      "'finalizers':['kubernetes.io/pvc-protection','x'],"
		      "'ownerReferences':["
		      "{'apiVersion':'v1','kind':'A','name':'a','uid':'ua'},"
		      "{'apiVersion':'apps/v1','kind':'StatefulSet','name':'web','uid':'uw',"
		      "'controller':true,'blockOwnerDeletion':true}]}}");
	assert_string_equal(object->namespace, "default");
	assert_string_equal(object->name, "www-web-0");
	assert_string_equal(object->uid, "u-1");
	assert_string_equal(object->resource_version, "42");
	assert_int_equal(object->generation, 3);
	assert_int_equal(object->created_s, 1795511702);
	assert_int_equal(object->deleted_s, 1795511703);
	assert_string_equal(pairs_get(&object->labels, "app"), "nginx");
	assert_string_equal(pairs_get(&object->labels, "tier"), "");
	assert_string_equal(pairs_get(&object->annotations, "a.b/c"), "d");
	assert_true(object_has_finalizer(object, "x"));
	assert_false(object_has_finalizer(object, "y"));
	const struct owner *owner = object_controller(object);
	assert_non_null(owner);
	assert_string_equal(owner->name, "web");
	assert_string_equal(owner->api_version, "apps/v1");
	assert_true(owner->block_owner_deletion);
	assert_false(object->owners[0].controller);
}

static void takes_what_is_missing_or_null_as_empty(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object =
		parse("{'metadata':{'namespace':'n','name':'c','labels':null,"
		      "'deletionTimestamp':null,'ownerReferences':[],'finalizers':null}}");
	assert_string_equal(object->uid, "");
	assert_string_equal(object->resource_version, "");
	assert_int_equal(object->deleted_s, 0);
	assert_int_equal(object->labels.count, 0);
	assert_int_equal(object->finalizer_count, 0);
	assert_null(object_controller(object));
}

static void reads_a_claim(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object =
		parse("{'metadata':{'namespace':'n','name':'c'},'spec':{"
		      "'accessModes':['ReadWriteOnce','ReadWriteOncePod'],'storageClassName':'',"
		      "'volumeMode':'Block','volumeName':'pvc-1','selector':{},"
		      "'resources':{'requests':{'storage':'1.5Gi'},'limits':{'storage':'2Gi'}},"
		      "'dataSource':{'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"
		      "'name':'monday'},"
		      "'volumeAttributesClassName':'gold'},'status':{'phase':'Bound'}}");
	const struct claim *claim = claim_of(object);
	assert_string_equal(claim->phase, "Bound");
	assert_string_equal(claim->class_name, "");
	assert_string_equal(claim->volume_name, "pvc-1");
	assert_int_equal(claim->access_modes, CLAIM_READ_WRITE_ONCE | CLAIM_READ_WRITE_ONCE_POD);
	assert_int_equal(claim->request_bytes, UINT64_C(1610612736));
	assert_int_equal(claim->limit_bytes, UINT64_C(2147483648));
	assert_true(claim->block);
	assert_true(claim->has_selector);
	assert_int_equal(claim->data_source->kind, CLAIM_FROM_SNAPSHOT);
	assert_string_equal(claim->data_source->name, "monday");
	assert_string_equal(claim->attributes_class_name, "gold");
}

static void reads_which_driver_a_claim_was_handed_to(void **state)
{
	static const struct {
		const char *annotations;
		const char *driver;
	} rows[] = {
		{ "'volume.kubernetes.io/storage-provisioner':'a.io',"
		  "'volume.beta.kubernetes.io/storage-provisioner':'b.io'",
		  "a.io" },
		{ "'volume.beta.kubernetes.io/storage-provisioner':'b.io'", "b.io" },
		{ "'other':'c.io'", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_FREE char *json = must_printf(
			"{'metadata':{'namespace':'n','name':'c','annotations':{%s}},'spec':{}}",
			rows[i].annotations);
		CLEANUP(object_unrefp) struct object *object = parse(json);
		const char *driver = claim_provisioner(claim_of(object));
		assert_true(same_or_none(driver, rows[i].driver));
	}
}

/* The API server does not bound it. */
static void does_not_keep_a_reference_that_is_too_long(void **state)
{
	CLEANUP_FREE char *name = must_alloc(100001);
	memset(name, 'x', 100000);
	CLEANUP_FREE char *json = must_printf("{'metadata':{'namespace':'n','name':'c'},"
					      "'spec':{'volumeName':'%s','dataSource':{'kind':"
					      "'PersistentVolumeClaim','name':'%s'}}}",
					      name, name);
	CLEANUP(object_unrefp) struct object *object = parse(json);
	assert_string_equal(claim_of(object)->data_source->name,
			    "(100000 bytes, too long for a name)");
	assert_string_equal(claim_of(object)->volume_name, "(100000 bytes, too long for a name)");
}

static void reads_what_a_claim_is_made_from(void **state)
{
	static const struct {
		const char *spec;
		enum claim_data_source_kind kind;
		const char *name;
		const char *namespace;
	} rows[] = {
		{ "'dataSource':{'kind':'PersistentVolumeClaim','name':'a'}", CLAIM_FROM_CLAIM, "a",
		  NULL },
		{ "'dataSource':{'apiGroup':'','kind':'PersistentVolumeClaim','name':'a'},"
		  "'dataSourceRef':{'kind':'PersistentVolumeClaim','name':'b'}",
		  CLAIM_FROM_CLAIM, "a", NULL },
		{ "'dataSource':null,'dataSourceRef':{'kind':'PersistentVolumeClaim','name':'a',"
		  "'namespace':'other'}",
		  CLAIM_FROM_CLAIM, "a", "other" },
		{ "'dataSourceRef':{'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"
		  "'name':'a'}",
		  CLAIM_FROM_SNAPSHOT, "a", NULL },
		{ "'dataSourceRef':{'kind':'VolumeSnapshot','name':'a'}", CLAIM_FROM_OTHER, "a",
		  NULL },
		{ "'dataSourceRef':{'apiGroup':'x.io','kind':'PersistentVolumeClaim','name':'a'}",
		  CLAIM_FROM_OTHER, "a", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_FREE char *json = must_printf(
			"{'metadata':{'namespace':'n','name':'c'},'spec':{%s}}", rows[i].spec);
		CLEANUP(object_unrefp) struct object *object = parse(json);
		const struct claim_data_source *source = claim_of(object)->data_source;
		assert_int_equal(source->kind, rows[i].kind);
		assert_string_equal(source->name, rows[i].name);
		if (rows[i].namespace)
			assert_string_equal(source->namespace, rows[i].namespace);
		else
			assert_null(source->namespace);
	}
}

static void reads_how_far_a_modification_has_come(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object =
		parse("{'metadata':{'namespace':'n','name':'c'},'spec':{},'status':{"
		      "'currentVolumeAttributesClassName':'silver','modifyVolumeStatus':{"
		      "'targetVolumeAttributesClassName':'gold','status':'Infeasible'},"
		      "'conditions':[{'type':'ModifyingVolume','status':'False'},"
		      "{'type':'ModifyVolumeError','status':'True','reason':'InvalidArgument',"
		      "'message':'no'}]}}");
	const struct claim *claim = claim_of(object);
	assert_string_equal(claim->current_attributes_class, "silver");
	assert_string_equal(claim->modify_target, "gold");
	assert_int_equal(claim->modify, CLAIM_MODIFY_INFEASIBLE);
	assert_int_equal(claim->conditions, CLAIM_MODIFY_ERROR);
	assert_string_equal(claim->modify_error, "no");
	assert_string_equal(claim->modify_error_reason, "InvalidArgument");
	CLEANUP(object_unrefp)
	struct object *later = parse("{'metadata':{'namespace':'n','name':'c'},'status':{"
				     "'modifyVolumeStatus':{'status':'Paused'}}}");
	assert_int_equal(claim_of(later)->modify, CLAIM_MODIFY_OTHER);
	assert_null(claim_of(later)->modify_target);
}

static void reads_an_absurd_size_as_the_largest(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object =
		parse("{'metadata':{'namespace':'n','name':'c'},'spec':{'resources':"
		      "{'requests':{'storage':'100Ei'},'limits':{'storage':1e400}}}}");
	assert_int_equal(claim_of(object)->request_bytes, INT64_MAX);
	assert_int_equal(claim_of(object)->limit_bytes, INT64_MAX);
}

static void gives_a_bare_claim_the_defaults(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object =
		parse("{'metadata':{'namespace':'n','name':'c','annotations':"
		      "{'volume.beta.kubernetes.io/storage-class':'old'}},'spec':{}}");
	const struct claim *claim = claim_of(object);
	assert_string_equal(claim->phase, "Pending");
	assert_string_equal(claim->class_name, "old");
	assert_string_equal(claim->volume_name, "");
	assert_int_equal(claim->request_bytes, 0);
	assert_false(claim->block);
	assert_false(claim->has_selector);
	assert_null(claim->data_source);
	CLEANUP(object_unrefp)
	struct object *bare = parse("{'metadata':{'namespace':'n','name':'c'}}");
	assert_null(claim_of(bare)->class_name);
}

#define IN(metadata) "{'metadata':{'namespace':'n','name':'c'," metadata "}}"
#define SPEC(spec) "{'metadata':{'namespace':'n','name':'c'},'spec':{" spec "}}"

static void names_the_field_that_is_wrong(void **state)
{
	static const struct {
		const char *json;
		const char *text;
	} cases[] = {
		{ "[]", "PersistentVolumeClaim: must be an object, not array" },
		{ "{}", "metadata.name: is missing" },
		{ "{'metadata':'x'}", "metadata: must be an object, not string" },
		{ "{'metadata':{'name':''}}", "metadata.name: is missing" },
		{ "{'metadata':{'name':7}}", "metadata.name: must be a string, not int" },
		{ "{'metadata':{'name':'c'}}", "metadata.namespace: is missing" },
		{ "{'kind':'Pod','metadata':{'namespace':'n','name':'c'}}",
		  "kind: is Pod, not PersistentVolumeClaim" },
		{ IN("'uid':true"), "metadata.uid: must be a string, not boolean" },
		{ IN("'uid':'a\\u0000b'"), "metadata.uid: holds a NUL character" },
		{ IN("'generation':'3'"), "metadata.generation: must be an integer, not string" },
		{ IN("'generation':1.5"), "metadata.generation: must be an integer, not double" },
		{ IN("'generation':9999999999999999999"), "metadata.generation: is too large" },
		{ IN("'creationTimestamp':'now'"),
		  "metadata.creationTimestamp: \"now\" is not an RFC 3339 time" },
		{ IN("'deletionTimestamp':5"),
		  "metadata.deletionTimestamp: must be a time, not int" },
		{ IN("'labels':['a']"), "metadata.labels: must be a map of strings, not array" },
		{ IN("'labels':{'app':1}"), "metadata.labels.app: must be a string, not int" },
		{ IN("'annotations':{'a':null}"),
		  "metadata.annotations.a: must be a string, not null" },
		{ IN("'annotations':{'a':'\\u0000'}"),
		  "metadata.annotations.a: holds a NUL character" },
		{ IN("'finalizers':'x'"), "metadata.finalizers: must be a list, not string" },
		{ IN("'finalizers':['x',1]"), "metadata.finalizers[1]: must be a string, not int" },
		{ IN("'ownerReferences':[1]"),
		  "metadata.ownerReferences[0].apiVersion: is missing" },
		{ IN("'ownerReferences':[{'apiVersion':'v1','kind':'A','name':'a'}]"),
		  "metadata.ownerReferences[0].uid: is missing" },
		{ IN("'ownerReferences':[{'apiVersion':'v1','kind':'A','name':'a','uid':'u',"
		     "'controller':'yes'}]"),
		  "metadata.ownerReferences[0].controller: must be true or false, not string" },
		{ "{'metadata':{'namespace':'n','name':'c'},'spec':[]}",
		  "spec: must be an object, not array" },
		{ SPEC("'volumeName':1"), "spec.volumeName: must be a string, not int" },
		{ SPEC("'accessModes':['ReadWriteTwice']"),
		  "spec.accessModes: ReadWriteTwice is unknown" },
		{ SPEC("'volumeMode':'Tape'"), "spec.volumeMode: Tape is unknown" },
		{ SPEC("'resources':7"), "spec.resources: must be an object, not int" },
		{ SPEC("'resources':{'requests':{'storage':true}}"),
		  "spec.resources.requests.storage: must be a quantity, not boolean" },
		{ SPEC("'resources':{'requests':{'storage':'1Gi\\u0000'}}"),
		  "spec.resources.requests.storage: holds a NUL character" },
		{ SPEC("'resources':{'limits':{'storage':'-1'}}"),
		  "spec.resources.limits.storage: " },
		{ SPEC("'selector':'x'"), "spec.selector: must be an object, not string" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(json_object_putp) struct json_object *json = fake_json_of(cases[i].json);
		struct object *object = NULL;
		struct error err;
		if (object_parse(&claim_kind, json, &object, &err) == 0)
			fail_msg("%s was taken", cases[i].json);
		assert_int_equal(err.code, ERROR_INVALID);
		if (strncmp(err.text, cases[i].text, strlen(cases[i].text)) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].json, err.text, cases[i].text);
		assert_null(object);
	}
}

static void refuses_text_that_is_no_json(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"{} {}",
		"{'metadata':{}}",
		"{\"metadata\":{\"name\":\"\xff\",\"namespace\":\"n\"}}",
		"// comment\n{}",
		"nul",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct object *object = NULL;
		struct error err;
		if (object_parse_text(&claim_kind, texts[i], strlen(texts[i]), &object, &err) == 0)
			fail_msg("%s was taken", texts[i]);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_null(object);
	}
}

static void refuses_json_that_is_too_deep(void **state)
{
	static char deep[4000];
	memset(deep, '[', 2000);
	memset(deep + 2000, ']', 1999);
	struct json_object *json = NULL;
	struct error err;
	assert_int_equal(json_parse(deep, strlen(deep), &json, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_null(json);
}

static void lives_as_long_as_a_reference_is_held(void **state)
{
	struct object *object = parse("{'metadata':{'namespace':'n','name':'c'}}");
	struct object *again = object_ref(object);
	object_unref(object);
	assert_string_equal(again->name, "c");
	object_unref(again);
	object_unref(NULL);
}

static void begins_an_object_to_be_sent(void **state)
{
	CLEANUP(json_object_putp)
	struct json_object *json = object_json(&claim_kind, "default", "www");
	json_set_string(json_child(json, "spec"), "volumeName", "a/b");
	json_set_string(json_child(json, "spec"), "left", NULL);
	json_set_int(json, "number", 7);
	json_set_bool(json, "yes", true);
	size_t length;
	const char *text = json_text(json, &length);
	assert_string_equal(
		text, "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\",\"metadata\":"
		      "{\"name\":\"www\",\"namespace\":\"default\"},\"spec\":{\"volumeName\":"
		      "\"a/b\"},\"number\":7,\"yes\":true}");
	assert_int_equal(length, strlen(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_metadata),
		cmocka_unit_test(takes_what_is_missing_or_null_as_empty),
		cmocka_unit_test(reads_a_claim),
		cmocka_unit_test(reads_what_a_claim_is_made_from),
		cmocka_unit_test(reads_which_driver_a_claim_was_handed_to),
		cmocka_unit_test(does_not_keep_a_reference_that_is_too_long),
		cmocka_unit_test(reads_how_far_a_modification_has_come),
		cmocka_unit_test(reads_an_absurd_size_as_the_largest),
		cmocka_unit_test(gives_a_bare_claim_the_defaults),
		cmocka_unit_test(names_the_field_that_is_wrong),
		cmocka_unit_test(refuses_text_that_is_no_json),
		cmocka_unit_test(refuses_json_that_is_too_deep),
		cmocka_unit_test(lives_as_long_as_a_reference_is_held),
		cmocka_unit_test(begins_an_object_to_be_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
