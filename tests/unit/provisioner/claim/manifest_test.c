/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/manifest.h"

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
	struct csi_volume made;
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
	return volume_manifest(claim_of(scene->claim), class_of(scene->class), &scene->request,
			       &scene->made, "17-1-kentledge.io");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_field_that_others_rely_on),
		cmocka_unit_test(takes_policy_and_mount_options_from_the_class),
		cmocka_unit_test(prefers_the_drivers_word_on_size_and_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
