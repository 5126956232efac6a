/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Classes that name Secrets: each call to a node brings what the Secret holds at that moment,
 * nothing of it stays anywhere, and what cannot be read is said on the claim and changes nothing.
 */

#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "kube/secret_data.h"
#include "provision_scene.h"
#include "test.h"

#define SECRETS_PATH "/secrets/"

/* "hunter2" and "correct" in base64. */
#define FIRST "aHVudGVyMg=="
#define SECOND "Y29ycmVjdA=="

static void put_secret(struct provision_scene *scene, const char *name, const char *value)
{
	fake_api_putf(scene_api(scene), &secret_kind,
		      "{'metadata':{'name':'%s','namespace':'default'},'data':{'user':'bWU=',"
		      "'password':'%s'}}",
		      name, value);
}

static void set_parameters(struct provision_scene *scene, const char *class, const char *parameters)
{
	fake_api_edit(scene_api(scene), &scene_classes, "", class, "{'parameters':{%s}}",
		      parameters);
}

#define PROVISIONER_SECRET                                                                         \
	"'csi.storage.k8s.io/provisioner-secret-name':'key-${pvc.name}',"                          \
	"'csi.storage.k8s.io/provisioner-secret-namespace':'${pvc.namespace}'"

static struct provision_scene *scene_with_secret(void)
{
	struct provision_scene *scene = scene_new();
	set_parameters(scene, "kentledge", PROVISIONER_SECRET);
	put_secret(scene, "key-www", FIRST);
	return scene;
}

static size_t reads(struct provision_scene *scene)
{
	return fake_api_requests(scene_api(scene), "GET", SECRETS_PATH);
}

static void assert_secrets(struct provision_scene *scene, const char *method, const char *expected)
{
	CLEANUP_FREE char *secrets = fake_node_secrets(scene_node_a(scene), method);
	assert_string_equal(secrets, expected);
}

static bool has_intent(struct provision_scene *scene)
{
	CLEANUP_FREE char *finalizers = fake_api_field(scene_api(scene), &scene_claims, "default",
						       "www", "metadata.finalizers");
	return finalizers && strstr(finalizers, "kentledge.io");
}

static void sends_the_secret_of_the_moment_and_keeps_none(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_secret();
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_secrets(scene, "CreateVolume", "user=me,password=hunter2");
	assert_int_equal(reads(scene), 1);
	put_secret(scene, "key-www", SECOND);
	scene_delete(scene, &scene_claims, "www");
	assert_true(scene_wait(scene, scene_is_gone, "www"));
	assert_secrets(scene, "DeleteVolume", "user=me,password=correct");
	assert_int_equal(reads(scene), 2);
	assert_false(scene_has_event(scene, "Provisioning", "hunter2"));
	assert_false(scene_has_event(scene, "ProvisioningSucceeded", "hunter2"));
	assert_int_equal(fake_api_requests(scene_api(scene), "GET", "/secrets?"), 0);
}

static void waits_for_a_secret_that_is_missing_and_touches_nothing(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_secret();
	fake_api_remove(scene_api(scene), &secret_kind, "default", "key-www");
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "get Secret default/key-www: "));
	assert_false(has_intent(scene));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 0);
	put_secret(scene, "key-www", FIRST);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_secrets(scene, "CreateVolume", "user=me,password=hunter2");
}

static void says_which_value_gives_the_right_to_read_it(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_secret();
	const struct fake_api_failure forbidden = { .method = "GET",
						    .path_part = SECRETS_PATH,
						    .how = FAKE_API_STATUS,
						    .status = 403,
						    .times = 3 };
	fake_api_fail(scene_api(scene), &forbidden);
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "the provisioner may not read Secrets of namespace default "
				     "(name it in the chart's value "
				     "provisioner.secretNamespaces)"));
	assert_true(scene_wait(scene, scene_is_bound, "www"));
}

static void names_the_entry_that_cannot_be_sent_and_not_its_value(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_secret();
	put_secret(scene, "key-www", "aHVudGVyMgA="); /* hunter2, and a NUL */
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "Secret default/key-www: data.password: not text"));
	assert_false(scene_has_event(scene, "ProvisioningFailed", "hunter2"));
	assert_false(scene_has_event(scene, "ProvisioningFailed", "aHVud"));
	assert_false(has_intent(scene));
}

static void deletes_without_a_secret_that_is_gone_or_closed(void **state)
{
	for (int closed = 0; closed < 2; closed++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_secret();
		scene_start(scene);
		scene_put_claim(scene, "www", NULL);
		assert_true(scene_wait(scene, scene_is_bound, "www"));
		fake_api_remove(scene_api(scene), &secret_kind, "default", "key-www");
		if (closed)
			fake_api_fail_next(scene_api(scene), "GET", SECRETS_PATH, FAKE_API_STATUS,
					   403);
		scene_delete(scene, &scene_claims, "www");
		assert_true(scene_wait(scene, scene_is_gone, "www"));
		assert_secrets(scene, "DeleteVolume", "");
		assert_false(scene_has_event(scene, "VolumeFailedDelete", ""));
	}
}

static void deletes_later_while_the_api_does_not_answer_for_the_secret(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_secret();
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	fake_api_fail_next(scene_api(scene), "GET", SECRETS_PATH, FAKE_API_STATUS, 500);
	scene_delete(scene, &scene_claims, "www");
	assert_true(scene_wait(scene, scene_is_gone, "www"));
	assert_secrets(scene, "DeleteVolume", "user=me,password=hunter2");
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 1);
}

static void undoes_a_volume_with_the_secret_of_its_class(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_secret();
	fake_node_fail(scene_node_a(scene), "CreateVolume", ERROR_TIMEOUT, true, 1000);
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "because the test wants"));
	scene_delete(scene, &scene_claims, "www");
	assert_true(scene_wait(scene, scene_is_gone, "www"));
	assert_secrets(scene, "DeleteVolume", "user=me,password=hunter2");
}

/* What the kubelet reads is no business of the provisioner's, which has no right to it. */
static void passes_an_encrypted_class_on_without_reading_its_secret(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	set_parameters(scene, "kentledge",
		       "'encryption':'fscrypt','csi.storage.k8s.io/node-stage-secret-name':'disk',"
		       "'csi.storage.k8s.io/node-stage-secret-namespace':'keys'");
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	CLEANUP_FREE char *name = fake_api_field(scene_api(scene), &scene_volumes, "",
						 "pvc-www-uid", "spec.csi.nodeStageSecretRef.name");
	assert_string_equal(name, "disk");
	scene_delete(scene, &scene_claims, "www");
	assert_true(scene_wait(scene, scene_is_gone, "www"));
	assert_int_equal(reads(scene), 0);
	assert_secrets(scene, "CreateVolume", "");
}

/* A volume of a version of ours that knew no Secrets, or of a class without any. */
static void reads_no_secret_where_none_is_named(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	scene_delete(scene, &scene_claims, "www");
	assert_true(scene_wait(scene, scene_is_gone, "www"));
	assert_int_equal(reads(scene), 0);
}

static void looks_again_when_the_annotation_of_a_template_appears(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_secret();
	scene_set_backoff(scene, 60000);
	set_parameters(scene, "kentledge",
		       "'csi.storage.k8s.io/provisioner-secret-name':"
		       "'${pvc.annotations[\\u0027example.com/key\\u0027]}',"
		       "'csi.storage.k8s.io/provisioner-secret-namespace':'${pvc.namespace}'");
	scene_put_claim(scene, "www", NULL);
	scene_start(scene);
	assert_true(scene_wait_event(scene, "ProvisioningFailed",
				     "the claim has no annotation \"example.com/key\""));
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'metadata':{'annotations':{'example.com/key':'key-www'}}}");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	assert_secrets(scene, "CreateVolume", "user=me,password=hunter2");
}

static bool acted_or_bound(struct provision_scene *scene, const char *claim)
{
	return scene_has_acted(scene) || scene_is_bound(scene, claim);
}

static bool acted_or_gone(struct provision_scene *scene, const char *claim)
{
	return scene_has_acted(scene) || scene_is_gone(scene, claim);
}

/* Killed at each write and call of the whole life of a volume, and continued by another process. */
static void a_kill_at_any_step_ends_in_the_same_state(void **state)
{
	unsigned step = 0;
	for (bool died = true; died;) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_secret();
		scene_at_step(scene, ++step, scene_kill, NULL);
		scene_put_claim(scene, "www", NULL);
		scene_start(scene);
		assert_true(scene_wait(scene, acted_or_bound, "www"));
		if (!scene_has_acted(scene))
			scene_delete(scene, &scene_claims, "www");
		assert_true(scene_wait(scene, acted_or_gone, "www"));
		died = scene_has_acted(scene);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		if (fake_api_exists(scene_api(scene), &scene_claims, "default", "www")) {
			assert_true(scene_wait(scene, scene_is_bound, "www"));
			assert_secrets(scene, "CreateVolume", "user=me,password=hunter2");
			assert_int_equal(fake_node_count(scene_node_a(scene)), 1);
			scene_delete(scene, &scene_claims, "www");
		}
		assert_true(scene_wait(scene, scene_is_gone, "www"));
		assert_in_range(step, 1, 60);
	}
	print_message("killed at %u steps\n", step - 1);
	assert_in_range(step, 15, 60);
}

static void makes_a_raw_device_of_a_claim_for_one(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	set_parameters(scene, "kentledge", "'csi.storage.k8s.io/fstype':'xfs'");
	scene_start(scene);
	scene_put_claim(scene, "www", "{'spec':{'volumeMode':'Block'}}");
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	CLEANUP_FREE char *capability = fake_node_capability(scene_node_a(scene));
	assert_string_equal(capability, "7 block");
	CLEANUP_FREE char *mode = fake_api_field(scene_api(scene), &scene_volumes, "",
						 "pvc-www-uid", "spec.volumeMode");
	CLEANUP_FREE char *fs_type = fake_api_field(scene_api(scene), &scene_volumes, "",
						    "pvc-www-uid", "spec.csi.fsType");
	assert_string_equal(mode, "Block");
	assert_null(fs_type);
	scene_put_claim(scene, "files", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "files"));
	CLEANUP_FREE char *mount = fake_node_capability(scene_node_a(scene));
	assert_string_equal(mount, "7 mount xfs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_the_secret_of_the_moment_and_keeps_none),
		cmocka_unit_test(waits_for_a_secret_that_is_missing_and_touches_nothing),
		cmocka_unit_test(says_which_value_gives_the_right_to_read_it),
		cmocka_unit_test(names_the_entry_that_cannot_be_sent_and_not_its_value),
		cmocka_unit_test(deletes_without_a_secret_that_is_gone_or_closed),
		cmocka_unit_test(deletes_later_while_the_api_does_not_answer_for_the_secret),
		cmocka_unit_test(undoes_a_volume_with_the_secret_of_its_class),
		cmocka_unit_test(passes_an_encrypted_class_on_without_reading_its_secret),
		cmocka_unit_test(reads_no_secret_where_none_is_named),
		cmocka_unit_test(looks_again_when_the_annotation_of_a_template_appears),
		cmocka_unit_test(a_kill_at_any_step_ends_in_the_same_state),
		cmocka_unit_test(makes_a_raw_device_of_a_claim_for_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
