/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/secret_names.h"

#include <stdio.h>
#include <string.h>

#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define KEY(word) "csi.storage.k8s.io/" word

/* A class's parameters, as pairs of key and value. */
struct row {
	const char *what;
	const char *parameters[8];
	const char *uses[SECRET_USES]; /* "namespace/name"; NULL: none */
	const char *error;	       /* a part of it; NULL: there is none */
};

static const char claim_json[] =
	"{'metadata':{'name':'www-web-0','namespace':'shop','uid':'u1',"
	"'annotations':{'example.com/key':'mine','upper':'Mine','empty':'','dots':'a..b',"
	"'path':'../../x','brace':'${pvc.name}'}},"
	"'spec':{'accessModes':['ReadWriteOnce']}}";

static struct object *class_with(const char *const *parameters)
{
	CLEANUP(json_object_putp)
	struct json_object *json = sample_json(
		"{'metadata':{'name':'c'},'provisioner':'kentledge.io','parameters':{}}", NULL);
	struct json_object *members = NULL;
	struct object *class = NULL;
	struct error err;
	json_object_object_get_ex(json, "parameters", &members);
	for (size_t i = 0; i < 8 && parameters[i]; i += 2)
		json_object_object_add(members, parameters[i],
				       json_object_new_string(parameters[i + 1]));
	assert_int_equal(object_parse(&class_kind, json, &class, &err), 0);
	return class;
}

static void check_use(const struct row *row, int use, const struct secret_name *found)
{
	char text[400] = "none";
	const char *expected = row->uses[use] ? row->uses[use] : "none";
	if (found->name)
		snprintf(text, sizeof(text), "%s/%s", found->namespace, found->name);
	if (strcmp(text, expected) != 0)
		fail_msg("%s: use %d is %s instead of %s", row->what, use, text, expected);
}

static void check(const struct row *row)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	CLEANUP(object_unrefp) struct object *class = class_with(row->parameters);
	CLEANUP(object_unrefp) struct object *claim = sample_object(&claim_kind, claim_json, NULL);
	struct secret_names names = { 0 };
	struct error err = { 0 };
	int r = secret_names_read(claim_of(claim), class_of(class), arena, &names, &err);
	if (!row->error && r < 0)
		fail_msg("%s: %s", row->what, err.text);
	for (int use = 0; use < SECRET_USES; use++)
		check_use(row, use, &names.of[use]);
	if (!row->error)
		return;
	if (r == 0 || err.code != ERROR_INVALID || !strstr(err.text, row->error) ||
	    !strstr(err.text, "StorageClass c: parameters: "))
		fail_msg("%s: %d, %s", row->what, r, err.text);
}

#define CHECK_ALL(rows)                                                                            \
	for (size_t row_i = 0; row_i < sizeof(rows) / sizeof(*rows); row_i++)                      \
	check(&rows[row_i])

static void finds_the_secret_of_each_use(void **state)
{
	static const struct row rows[] = {
		{ "none", { "backend", "loop" }, { 0 }, NULL },
		{ "provisioner",
		  { KEY("provisioner-secret-name"), "k", KEY("provisioner-secret-namespace"), "n" },
		  { [SECRET_PROVISIONER] = "n/k" },
		  NULL },
		{ "controller publish",
		  { KEY("controller-publish-secret-name"), "k",
		    KEY("controller-publish-secret-namespace"), "n" },
		  { [SECRET_CONTROLLER_PUBLISH] = "n/k" },
		  NULL },
		{ "node stage",
		  { KEY("node-stage-secret-name"), "k", KEY("node-stage-secret-namespace"), "n" },
		  { [SECRET_NODE_STAGE] = "n/k" },
		  NULL },
		{ "node publish",
		  { KEY("node-publish-secret-name"), "k", KEY("node-publish-secret-namespace"),
		    "n" },
		  { [SECRET_NODE_PUBLISH] = "n/k" },
		  NULL },
		{ "controller expand",
		  { KEY("controller-expand-secret-name"), "k",
		    KEY("controller-expand-secret-namespace"), "n" },
		  { [SECRET_CONTROLLER_EXPAND] = "n/k" },
		  NULL },
		{ "node expand",
		  { KEY("node-expand-secret-name"), "k", KEY("node-expand-secret-namespace"), "n" },
		  { [SECRET_NODE_EXPAND] = "n/k" },
		  NULL },
		{ "controller modify",
		  { KEY("controller-modify-secret-name"), "k",
		    KEY("controller-modify-secret-namespace"), "n" },
		  { [SECRET_CONTROLLER_MODIFY] = "n/k" },
		  NULL },
	};
	CHECK_ALL(rows);
}

static void one_pair_stands_for_all_uses_without_their_own(void **state)
{
	static const struct row rows[] = {
		{ "all",
		  { KEY("secret-name"), "k", KEY("secret-namespace"), "n" },
		  { "n/k", "n/k", "n/k", "n/k", "n/k", "n/k", "n/k" },
		  NULL },
		{ "all but one",
		  { KEY("secret-name"), "k", KEY("secret-namespace"), "n",
		    KEY("node-stage-secret-name"), "s", KEY("node-stage-secret-namespace"), "m" },
		  { "n/k", "n/k", "m/s", "n/k", "n/k", "n/k", "n/k" },
		  NULL },
		{ "it is enough for encryption",
		  { KEY("secret-name"), "k", KEY("secret-namespace"), "n", "encryption",
		    "fscrypt" },
		  { "n/k", "n/k", "n/k", "n/k", "n/k", "n/k", "n/k" },
		  NULL },
	};
	CHECK_ALL(rows);
}

static void knows_the_names_of_kubernetes_1_11(void **state)
{
	static const struct row rows[] = {
		{ "provisioner",
		  { "csiProvisionerSecretName", "k", "csiProvisionerSecretNamespace", "n" },
		  { [SECRET_PROVISIONER] = "n/k" },
		  NULL },
		{ "attach",
		  { "csiControllerPublishSecretName", "k", "csiControllerPublishSecretNamespace",
		    "n" },
		  { [SECRET_CONTROLLER_PUBLISH] = "n/k" },
		  NULL },
		{ "stage and publish",
		  { "csiNodeStageSecretName", "k", "csiNodeStageSecretNamespace", "n",
		    "csiNodePublishSecretName", "p", "csiNodePublishSecretNamespace", "n" },
		  { [SECRET_NODE_STAGE] = "n/k", [SECRET_NODE_PUBLISH] = "n/p" },
		  NULL },
		{ "one half of each age",
		  { "csiProvisionerSecretName", "k", KEY("provisioner-secret-namespace"), "n" },
		  { [SECRET_PROVISIONER] = "n/k" },
		  NULL },
	};
	CHECK_ALL(rows);
}

#define STAGE(name, namespace)                                                                     \
	{                                                                                          \
		KEY("node-stage-secret-name"), name, KEY("node-stage-secret-namespace"), namespace \
	}

static void replaces_what_stands_in_templates(void **state)
{
	static const struct row rows[] = {
		{ "volume", STAGE("${pv.name}", "n"), { [SECRET_NODE_STAGE] = "n/pvc-u1" }, NULL },
		{ "claim",
		  STAGE("${pvc.name}", "${pvc.namespace}"),
		  { [SECRET_NODE_STAGE] = "shop/www-web-0" },
		  NULL },
		{ "annotation",
		  STAGE("${pvc.annotations['example.com/key']}", "n"),
		  { [SECRET_NODE_STAGE] = "n/mine" },
		  NULL },
		{ "in the middle of text",
		  STAGE("a-${pvc.namespace}.${pvc.name}-z", "x-${pv.name}"),
		  { [SECRET_NODE_STAGE] = "x-pvc-u1/a-shop.www-web-0-z" },
		  NULL },
	};
	CHECK_ALL(rows);
}

static void a_claim_chooses_no_namespace(void **state)
{
	static const struct row rows[] = {
		{ "name",
		  STAGE("k", "${pvc.name}"),
		  { 0 },
		  "node-stage-secret-namespace: ${pvc.name} cannot stand there" },
		{ "annotation",
		  STAGE("k", "${pvc.annotations['example.com/key']}"),
		  { 0 },
		  "cannot stand there" },
		{ "a path in an annotation",
		  STAGE("${pvc.annotations['path']}", "n"),
		  { 0 },
		  "\"../../x\" is no name of a Secret" },
		{ "a template in an annotation",
		  STAGE("${pvc.annotations['brace']}", "n"),
		  { 0 },
		  "\"${pvc.name}\" is no name of a Secret" },
	};
	CHECK_ALL(rows);
}

static void refuses_what_cannot_be_resolved(void **state)
{
	static const char long_name[] =
		"a23456789a123456789a123456789a123456789a123456789a123456789a1234";
	static const struct row rows[] = {
		{ "half",
		  { KEY("node-stage-secret-name"), "k" },
		  { 0 },
		  "node-stage-secret-name stands alone" },
		{ "other half",
		  { KEY("node-stage-secret-namespace"), "n" },
		  { 0 },
		  "node-stage-secret-namespace stands alone" },
		{ "half of the default",
		  { KEY("secret-namespace"), "n" },
		  { 0 },
		  "csi.storage.k8s.io/secret-namespace stands alone" },
		{ "old half",
		  { "csiNodePublishSecretName", "k" },
		  { 0 },
		  "csiNodePublishSecretName stands alone" },
		{ "twice",
		  { "csiNodeStageSecretName", "k", KEY("node-stage-secret-name"), "k",
		    KEY("node-stage-secret-namespace"), "n" },
		  { 0 },
		  "say the same" },
		{ "unknown token",
		  STAGE("${pv.uid}", "n"),
		  { 0 },
		  "node-stage-secret-name: ${pv.uid} cannot stand there" },
		{ "empty token", STAGE("${}", "n"), { 0 }, "${} cannot stand there" },
		{ "token without end", STAGE("${pv.name", "n"), { 0 }, "without \"}\"" },
		{ "annotation without key",
		  STAGE("${pvc.annotations['']}", "n"),
		  { 0 },
		  "cannot stand there" },
		{ "annotation without quotes",
		  STAGE("${pvc.annotations[key]}", "n"),
		  { 0 },
		  "cannot stand there" },
		{ "annotation that is not there",
		  STAGE("${pvc.annotations['none']}", "n"),
		  { 0 },
		  "the claim has no annotation \"none\"" },
		{ "empty annotation",
		  STAGE("${pvc.annotations['empty']}", "n"),
		  { 0 },
		  "\"\" is no name of a Secret" },
		{ "capitals",
		  STAGE("${pvc.annotations['upper']}", "n"),
		  { 0 },
		  "\"Mine\" is no name of a Secret" },
		{ "two dots",
		  STAGE("${pvc.annotations['dots']}", "n"),
		  { 0 },
		  "\"a..b\" is no name of a Secret" },
		{ "a dollar alone", STAGE("$k", "n"), { 0 }, "\"$k\" is no name of a Secret" },
		{ "empty name", STAGE("", "n"), { 0 }, "\"\" is no name of a Secret" },
		{ "hyphen before a dot", STAGE("a-.b", "n"), { 0 }, "is no name of a Secret" },
		{ "hyphen behind a dot", STAGE("a.-b", "n"), { 0 }, "is no name of a Secret" },
		{ "dot at the end", STAGE("a.", "n"), { 0 }, "is no name of a Secret" },
		{ "dot in a namespace",
		  STAGE("k", "a.b"),
		  { 0 },
		  "\"a.b\" is no name of a namespace" },
		{ "slash", STAGE("a/b", "n"), { 0 }, "is no name of a Secret" },
		{ "long namespace", STAGE("k", long_name), { 0 }, "is no name of a namespace" },
		{ "encryption without a key",
		  { "encryption", "fscrypt", KEY("node-publish-secret-name"), "k",
		    KEY("node-publish-secret-namespace"), "n" },
		  { 0 },
		  "encryption: fscrypt needs a key" },
	};
	CHECK_ALL(rows);
}

/* A class of many tokens and a claim with a long annotation make no text without bound. */
static void stops_where_no_name_is_so_long(void **state)
{
	char template[4000] = "";
	for (int i = 0; i < 150; i++)
		strcat(template, "${pvc.namespace}");
	const struct row row = { "long", STAGE(template, "n"), { 0 }, "is no name of a Secret" };
	check(&row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_secret_of_each_use),
		cmocka_unit_test(one_pair_stands_for_all_uses_without_their_own),
		cmocka_unit_test(knows_the_names_of_kubernetes_1_11),
		cmocka_unit_test(replaces_what_stands_in_templates),
		cmocka_unit_test(a_claim_chooses_no_namespace),
		cmocka_unit_test(refuses_what_cannot_be_resolved),
		cmocka_unit_test(stops_where_no_name_is_so_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
