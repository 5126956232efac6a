/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/manifest.h"

#include <stdio.h>
#include <string.h>

#include "cluster/persistent_volume.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

struct scene {
	struct object *claim;
	struct object *class;
	struct arena *arena;
	struct csi_capability capability;
	struct csi_create_volume_request request;
	struct secret_names secrets;
	struct csi_volume made;
	bool publish_readonly;
};

static void scene_init(struct scene *scene, const char *class_patch)
{
	*scene = (struct scene) { .arena = arena_new(256) };
	scene->claim =
		sample_object(&claim_kind,
			      "{'metadata':{'name':'www-web-0','namespace':'default','uid':'u1',"
			      "'resourceVersion':'7'},'spec':{'accessModes':['ReadWriteOnce'],"
			      "'resources':{'requests':{'storage':'1Gi'}}}}",
			      NULL);
	scene->class = sample_object(&class_kind,
				     "{'metadata':{'name':'kentledge'},"
				     "'provisioner':'kentledge.io','reclaimPolicy':'Delete'}",
				     class_patch);
	scene->capability.fs_type = "ext4";
	scene->request = (struct csi_create_volume_request) {
		.name = "pvc-u1",
		.required_bytes = 1 << 30,
		.capabilities = &scene->capability,
		.capability_count = 1,
	};
	pairs_set(&scene->request.segments, scene->arena, "topology.kentledge.io/node", "node-a");
	scene->made.id = "pvc-u1";
	scene->made.capacity_bytes = UINT64_C(2) << 30;
	pairs_set(&scene->made.context, scene->arena, "backend", "loop");
}

static void scene_done(struct scene *scene)
{
	object_unref(scene->claim);
	object_unref(scene->class);
	arena_free(scene->arena);
}

static struct json_object *manifest_of(const struct scene *scene)
{
	return volume_manifest(&(struct volume_origin) {
		.claim = claim_of(scene->claim),
		.class = class_of(scene->class),
		.request = &scene->request,
		.secrets = &scene->secrets,
		.volume = &scene->made,
		.identity = "17-1-kentledge.io",
		.publish_readonly = scene->publish_readonly,
	});
}

/* Requirement G3. */
static void a_volume_that_may_only_be_read_is_marked_where_that_is_wanted(void **state)
{
	static const struct {
		unsigned modes;
		bool wanted;
		bool marked;
	} rows[] = {
		{ CLAIM_READ_ONLY_MANY, true, true },
		{ CLAIM_READ_ONLY_MANY, false, false },
		{ CLAIM_READ_ONLY_MANY | CLAIM_READ_WRITE_ONCE, true, false },
		{ CLAIM_READ_WRITE_ONCE, true, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(scene_done) struct scene scene;
		scene_init(&scene, NULL);
		claim_of(scene.claim)->access_modes = rows[i].modes;
		scene.publish_readonly = rows[i].wanted;
		CLEANUP(json_object_putp) struct json_object *manifest = manifest_of(&scene);
		struct json_object *mark = json_find(manifest, "spec.csi.readOnly");
		assert_int_equal(mark && json_object_get_boolean(mark), rows[i].marked);
	}
}

static void has_every_field_that_others_rely_on(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	scene_init(&scene, NULL);
	CLEANUP(json_object_putp) struct json_object *manifest = manifest_of(&scene);
	CLEANUP(json_object_putp)
	struct json_object *expected = sample_json(
		"{'apiVersion':'v1','kind':'PersistentVolume','metadata':{'name':'pvc-u1',"
		"'annotations':{'pv.kubernetes.io/provisioned-by':'kentledge.io',"
		"'volume.kubernetes.io/provisioner-deletion-secret-name':'',"
		"'volume.kubernetes.io/provisioner-deletion-secret-namespace':''},"
		"'finalizers':['external-provisioner.volume.kubernetes.io/finalizer']},"
		"'spec':{'capacity':{'storage':'2Gi'},'accessModes':['ReadWriteOnce'],"
		"'claimRef':{'apiVersion':'v1','kind':'PersistentVolumeClaim',"
		"'namespace':'default','name':'www-web-0','uid':'u1','resourceVersion':'7'},"
		"'csi':{'driver':'kentledge.io','volumeHandle':'pvc-u1','fsType':'ext4',"
		"'volumeAttributes':{'backend':'loop',"
		"'storage.kubernetes.io/csiProvisionerIdentity':'17-1-kentledge.io'}},"
		"'persistentVolumeReclaimPolicy':'Delete','storageClassName':'kentledge',"
		"'volumeMode':'Filesystem',"
		"'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':["
		"{'key':'topology.kentledge.io/node','operator':'In','values':['node-a']}]}]}}}}",
		NULL);
	assert_string_equal(json_object_to_json_string(manifest),
			    json_object_to_json_string(expected));
}

static void takes_policy_and_mount_options_from_the_class(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	scene_init(&scene, "{'reclaimPolicy':'Retain','mountOptions':['noatime','discard']}");
	CLEANUP(json_object_putp) struct json_object *manifest = manifest_of(&scene);
	assert_null(json_find(manifest, "metadata.finalizers"));
	assert_string_equal(
		json_object_get_string(json_find(manifest, "spec.persistentVolumeReclaimPolicy")),
		"Retain");
	assert_string_equal(json_object_get_string(json_find(manifest, "spec.mountOptions")),
			    "[ \"noatime\", \"discard\" ]");
}

/* Requirement B13: the binder compares it with the claim's. */
static void carries_the_attributes_class_of_the_claim(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	scene_init(&scene, NULL);
	object_unref(scene.claim);
	scene.claim = sample_object(&claim_kind,
				    "{'metadata':{'name':'www','namespace':'default','uid':'u1'},"
				    "'spec':{'volumeAttributesClassName':'gold'}}",
				    NULL);
	CLEANUP(json_object_putp) struct json_object *manifest = manifest_of(&scene);
	assert_string_equal(
		json_object_get_string(json_find(manifest, "spec.volumeAttributesClassName")),
		"gold");
}

static void prefers_the_drivers_word_on_size_and_place(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	scene_init(&scene, NULL);
	scene.made.capacity_bytes = 0;
	scene.capability.fs_type = NULL;
	pairs_set(&scene.made.segments, scene.arena, "topology.kentledge.io/node", "node-b");
	CLEANUP(json_object_putp) struct json_object *manifest = manifest_of(&scene);
	CLEANUP(object_unrefp) struct object *volume = NULL;
	struct error err;
	assert_int_equal(object_parse(&persistent_volume_kind, manifest, &volume, &err), 0);
	assert_int_equal(persistent_volume_of(volume)->capacity_bytes, 1 << 30);
	assert_string_equal(node_selector_id(&persistent_volume_of(volume)->affinity), "node-b");
	assert_null(json_find(manifest, "spec.csi.fsType"));
}

static void assert_text(struct json_object *manifest, const char *path, const char *expected)
{
	struct json_object *found = json_find(manifest, path);
	if (!expected)
		assert_null(found);
	else
		assert_string_equal(found ? json_object_get_string(found) : "(none)", expected);
}

static void says_nothing_of_a_file_system_for_a_raw_device(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	scene_init(&scene, "{'mountOptions':['noatime']}");
	scene.capability = (struct csi_capability) { .block = true };
	claim_of(scene.claim)->block = true;
	CLEANUP(json_object_putp) struct json_object *manifest = manifest_of(&scene);
	assert_text(manifest, "spec.volumeMode", "Block");
	assert_text(manifest, "spec.csi.fsType", NULL);
	/* As external-provisioner; the kubelet ignores them. */
	assert_text(manifest, "spec.mountOptions", "[ \"noatime\" ]");
}

static const char *annotation_of(struct json_object *manifest, const char *key)
{
	struct json_object *value = NULL;
	json_object_object_get_ex(json_find(manifest, "metadata.annotations"), key, &value);
	return value ? json_object_get_string(value) : NULL;
}

static void records_each_secret_where_its_reader_looks(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	scene_init(&scene, NULL);
	static const char *const names[SECRET_USES] = { "prov",	  "attach",   "stage", "publish",
							"expand", "n-expand", "modify" };
	for (int use = 0; use < SECRET_USES; use++)
		scene.secrets.of[use] = (struct secret_name) { "keys", names[use] };
	CLEANUP(json_object_putp) struct json_object *manifest = manifest_of(&scene);
	static const char *const members[][2] = {
		{ "controllerPublishSecretRef", "attach" },
		{ "nodeStageSecretRef", "stage" },
		{ "nodePublishSecretRef", "publish" },
		{ "controllerExpandSecretRef", "expand" },
		{ "nodeExpandSecretRef", "n-expand" },
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		char path[64];
		snprintf(path, sizeof(path), "spec.csi.%s.name", members[i][0]);
		assert_text(manifest, path, members[i][1]);
		snprintf(path, sizeof(path), "spec.csi.%s.namespace", members[i][0]);
		assert_text(manifest, path, "keys");
	}
	assert_string_equal(
		annotation_of(manifest, "volume.kubernetes.io/provisioner-deletion-secret-name"),
		"prov");
	assert_string_equal(
		annotation_of(manifest,
			      "volume.kubernetes.io/provisioner-deletion-secret-namespace"),
		"keys");
	assert_string_equal(
		annotation_of(manifest, "volume.kubernetes.io/controller-modify-secret-name"),
		"modify");
	assert_string_equal(
		annotation_of(manifest, "volume.kubernetes.io/controller-modify-secret-namespace"),
		"keys");
}

static void refers_to_no_secret_where_there_is_none(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	scene_init(&scene, NULL);
	scene.secrets.of[SECRET_NODE_STAGE] = (struct secret_name) { "keys", "stage" };
	CLEANUP(json_object_putp) struct json_object *manifest = manifest_of(&scene);
	assert_text(manifest, "spec.csi.nodeStageSecretRef.name", "stage");
	assert_text(manifest, "spec.csi.nodePublishSecretRef", NULL);
	assert_text(manifest, "spec.csi.controllerExpandSecretRef", NULL);
	assert_null(annotation_of(manifest, "volume.kubernetes.io/controller-modify-secret-name"));
	assert_string_equal(
		annotation_of(manifest, "volume.kubernetes.io/provisioner-deletion-secret-name"),
		"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_that_may_only_be_read_is_marked_where_that_is_wanted),
		cmocka_unit_test(has_every_field_that_others_rely_on),
		cmocka_unit_test(takes_policy_and_mount_options_from_the_class),
		cmocka_unit_test(carries_the_attributes_class_of_the_claim),
		cmocka_unit_test(prefers_the_drivers_word_on_size_and_place),
		cmocka_unit_test(says_nothing_of_a_file_system_for_a_raw_device),
		cmocka_unit_test(records_each_secret_where_its_reader_looks),
		cmocka_unit_test(refers_to_no_secret_where_there_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
