/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/request.h"

#include <string.h>

#include "sample.h"
#include "test.h"

struct scene {
	struct object *claim;
	struct object *class;
	struct arena *arena;
	struct csi_create_volume_request request;
	struct error err;
};

static void build(struct scene *scene, const char *claim_patch, const char *class_patch)
{
	*scene = (struct scene) { .arena = arena_new(256) };
	scene->claim = sample_object(&claim_kind,
				     "{'metadata':{'name':'www','namespace':'shop','uid':'u1'},"
				     "'spec':{'accessModes':['ReadWriteOnce'],"
				     "'resources':{'requests':{'storage':'1Gi'}}}}",
				     claim_patch);
	scene->class = sample_object(
		&class_kind, "{'metadata':{'name':'c'},'provisioner':'kentledge.io'}", class_patch);
	assert_int_equal(claim_request_build(claim_of(scene->claim), class_of(scene->class),
					     scene->arena, &scene->request, &scene->err),
			 0);
}

static void scene_done(struct scene *scene)
{
	object_unref(scene->claim);
	object_unref(scene->class);
	arena_free(scene->arena);
}

static void asks_for_a_raw_device_without_a_file_system(void **state)
{
	static const struct {
		const char *mode;
		enum csi_access_mode expected;
	} rows[] = {
		{ "{'spec':{'volumeMode':'Block'}}", CSI_SINGLE_NODE_MULTI_WRITER },
		{ "{'spec':{'volumeMode':'Block','accessModes':['ReadWriteOncePod']}}",
		  CSI_SINGLE_NODE_SINGLE_WRITER },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(scene_done) struct scene scene;
		build(&scene, rows[i].mode,
		      "{'mountOptions':['noatime'],"
		      "'parameters':{'csi.storage.k8s.io/fstype':'xfs','backend':'directory'}}");
		const struct csi_capability *capability = scene.request.capabilities;
		assert_int_equal(scene.request.capability_count, 1);
		assert_true(capability->block);
		assert_null(capability->fs_type);
		assert_int_equal(capability->mount_flag_count, 0);
		assert_int_equal(capability->access_mode, rows[i].expected);
		assert_string_equal(pairs_get(&scene.request.parameters, "backend"), "directory");
	}
}

/* The node has no use for the names, and refuses parameters that it does not know. */
static void keeps_the_names_of_secrets_out_of_the_parameters(void **state)
{
	CLEANUP(scene_done) struct scene scene;
	build(&scene, NULL,
	      "{'parameters':{'encryption':'fscrypt',"
	      "'csi.storage.k8s.io/node-stage-secret-name':'k',"
	      "'csi.storage.k8s.io/node-stage-secret-namespace':'keys',"
	      "'csi.storage.k8s.io/secret-name':'k','csi.storage.k8s.io/secret-namespace':'keys',"
	      "'csiProvisionerSecretName':'old','csiProvisionerSecretNamespace':'keys'}}");
	const struct pairs *parameters = &scene.request.parameters;
	assert_string_equal(pairs_get(parameters, "encryption"), "fscrypt");
	for (size_t i = 0; i < parameters->count; i++)
		if (strstr(parameters->items[i].key, "ecret"))
			fail_msg("%s is sent to the node", parameters->items[i].key);
	assert_int_equal(scene.request.secrets.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_a_raw_device_without_a_file_system),
		cmocka_unit_test(keeps_the_names_of_secrets_out_of_the_parameters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
