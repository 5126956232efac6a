/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/json.h"
#include "set/pod.h"
#include "set/pod_build.h"
#include "set/revision.h"
#include "set_scene.h"
#include "test.h"

#define SET                                                                                        \
	"{'metadata':{'name':'web','namespace':'shop','uid':'set-uid'},'spec':{"                   \
	"'serviceName':'nginx','selector':{'matchLabels':{'app':'web'},"                           \
	"'matchExpressions':[{'key':'x','operator':'DoesNotExist'}]},"                             \
	"'template':{},'volumeClaimTemplates':[{'metadata':{'name':'www',"                         \
	"'labels':{'tier':'db','app':'other'},'annotations':{'a/b':'c'}},"                         \
	"'spec':{'accessModes':['ReadWriteOnce']},'status':{'phase':'Pending'}}]}}"

#define REVISION                                                                                   \
	"{'metadata':{'name':'web-123','namespace':'shop'},'revision':1,'data':{'spec':{"          \
	"'template':{'$patch':'replace','metadata':{'labels':{'app':'web'},"                       \
	"'annotations':{'note':'x'},'finalizers':['f/f']},'spec':{'hostname':'no',"                \
	"'containers':[{'name':'nginx'}],'volumes':[{'name':'tmp','emptyDir':{}},"                 \
	"{'name':'www','emptyDir':{}}]}}}}}"

static void expect(struct json_object *json, const char *path, const char *wanted)
{
	struct json_object *value = json_find(json, path);
	if (!wanted) {
		assert_null(value);
		return;
	}
	assert_non_null(value);
	assert_string_equal(json_object_get_string(value), wanted);
}

static void expect_label(struct json_object *json, const char *key, const char *wanted)
{
	struct json_object *labels = json_find(json, "metadata.labels");
	assert_string_equal(json_object_get_string(json_object_object_get(labels, key)), wanted);
}

static void a_pod_has_the_template_and_its_own_identity(void **state)
{
	CLEANUP(object_unrefp) struct object *set = scene_object(&statefulset_apps_kind, SET);
	CLEANUP(object_unrefp) struct object *revision = scene_object(&revision_kind, REVISION);
	CLEANUP(json_object_putp) struct json_object *pod = NULL;
	struct error err;
	assert_int_equal(pod_build(statefulset_of(set), revision_of(revision), 2, &pod, &err), 0);
	expect(pod, "kind", "Pod");
	expect(pod, "metadata.name", "web-2");
	expect(pod, "metadata.namespace", "shop");
	expect(pod, "metadata.generateName", "web-");
	expect(pod, "metadata.annotations.note", "x");
	expect(pod, "spec.hostname", "web-2");
	expect(pod, "spec.subdomain", "nginx");
	expect(pod, "status", NULL);
	expect_label(pod, "app", "web");
	expect_label(pod, "statefulset.kubernetes.io/pod-name", "web-2");
	expect_label(pod, "apps.kubernetes.io/pod-index", "2");
	expect_label(pod, "controller-revision-hash", "web-123");
	assert_string_equal(json_text(json_find(pod, "metadata.finalizers"), NULL), "[\"f/f\"]");
	assert_string_equal(json_text(json_find(pod, "metadata.ownerReferences"), NULL),
			    "[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\","
			    "\"name\":\"web\",\"uid\":\"set-uid\",\"controller\":true,"
			    "\"blockOwnerDeletion\":true}]");
	assert_string_equal(json_text(json_find(pod, "spec.volumes"), NULL),
			    "[{\"name\":\"www\",\"persistentVolumeClaim\":{\"claimName\":"
			    "\"www-web-2\"}},{\"emptyDir\":{},\"name\":\"tmp\"}]");
}

static void a_revision_without_a_template_makes_no_pod(void **state)
{
	CLEANUP(object_unrefp) struct object *set = scene_object(&statefulset_apps_kind, SET);
	CLEANUP(object_unrefp)
	struct object *revision = scene_object(
		&revision_kind, "{'metadata':{'name':'web-1','namespace':'shop'},'data':{}}");
	struct json_object *pod = NULL;
	struct error err;
	assert_int_equal(pod_build(statefulset_of(set), revision_of(revision), 2, &pod, &err), -1);
	assert_non_null(strstr(err.text, "web-1"));
	assert_null(pod);
}

static void members_of_the_wrong_type_give_way(void **state)
{
	CLEANUP(object_unrefp) struct object *set = scene_object(&statefulset_apps_kind, SET);
	CLEANUP(object_unrefp)
	struct object *revision = scene_object(
		&revision_kind, "{'metadata':{'name':'web-1','namespace':'shop'},'data':{'spec':"
				"{'template':{'metadata':{'labels':'x'},'spec':[]}}}}");
	CLEANUP(json_object_putp) struct json_object *pod = NULL;
	struct error err;
	assert_int_equal(pod_build(statefulset_of(set), revision_of(revision), 0, &pod, &err), 0);
	expect_label(pod, "controller-revision-hash", "web-1");
	expect(pod, "spec.hostname", "web-0");
}

static void a_claim_has_the_templates_spec_and_the_selectors_labels(void **state)
{
	CLEANUP(object_unrefp) struct object *object = scene_object(&statefulset_apps_kind, SET);
	struct statefulset *set = statefulset_of(object);
	CLEANUP(json_object_putp) struct json_object *claim = NULL;
	struct error err;
	assert_int_equal(claim_build(set, &set->claim_templates[0], 1, &claim, &err), 0);
	expect(claim, "kind", "PersistentVolumeClaim");
	expect(claim, "metadata.name", "www-web-1");
	expect(claim, "metadata.namespace", "shop");
	expect(claim, "status", NULL);
	expect(claim, "metadata.ownerReferences", NULL);
	expect_label(claim, "tier", "db");
	expect_label(claim, "app", "web");
	assert_string_equal(json_text(json_find(claim, "metadata.annotations"), NULL),
			    "{\"a/b\":\"c\"}");
	assert_string_equal(json_text(json_find(claim, "spec"), NULL),
			    "{\"accessModes\":[\"ReadWriteOnce\"]}");
}

static void a_claim_is_born_with_its_set_as_owner_where_the_policy_asks_for_it(void **state)
{
	CLEANUP(object_unrefp) struct object *object = scene_object(&statefulset_apps_kind, SET);
	struct statefulset *set = statefulset_of(object);
	CLEANUP(json_object_putp) struct json_object *claim = NULL;
	struct error err;
	set->when_deleted = DELETE;
	assert_int_equal(claim_build(set, &set->claim_templates[0], 1, &claim, &err), 0);
	struct json_object *owners = json_find(claim, "metadata.ownerReferences");
	assert_int_equal(json_object_array_length(owners), 1);
	expect(json_object_array_get_idx(owners, 0), "uid", set->object.uid);
}

/* Volumes of a pod cannot change: a patch that named them would always be refused. */
static void the_identity_patch_is_guarded_and_names_labels_alone(void **state)
{
	CLEANUP(object_unrefp)
	struct object *pod =
		scene_object(&pod_kind, "{'metadata':{'name':'web-0','namespace':'shop','uid':'p',"
					"'resourceVersion':'7'},'spec':{}}");
	CLEANUP(json_object_putp) struct json_object *patch = pod_identity_patch(pod_of(pod));
	expect(patch, "metadata.uid", "p");
	expect(patch, "metadata.resourceVersion", "7");
	expect_label(patch, "statefulset.kubernetes.io/pod-name", "web-0");
	expect(patch, "spec", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_has_the_template_and_its_own_identity),
		cmocka_unit_test(a_revision_without_a_template_makes_no_pod),
		cmocka_unit_test(members_of_the_wrong_type_give_way),
		cmocka_unit_test(a_claim_has_the_templates_spec_and_the_selectors_labels),
		cmocka_unit_test(
			a_claim_is_born_with_its_set_as_owner_where_the_policy_asks_for_it),
		cmocka_unit_test(the_identity_patch_is_guarded_and_names_labels_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
