/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Claims that are made from sources in another namespace: with the gate and a ReferenceGrant, and
 * in no other case. Requirements E19, E20.
 */

#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "provision_scene.h"
#include "test.h"

#define GI (UINT64_C(1) << 30)
#define COPY "pvc-copy-uid"
#define GUARD "provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection"

/* Snapshot bank/monday, on node-a. */
static void put_source(struct provision_scene *scene)
{
	fake_node_add(scene_node_a(scene), "snapshot-monday-uid", GI);
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'snapcontent-monday-uid','annotations':{"
		      "'kentledge.io/node':'node-a'}},'spec':{'driver':'kentledge.io',"
		      "'deletionPolicy':'Delete','source':{'volumeHandle':'pvc-www-uid'},"
		      "'sourceVolumeMode':'Filesystem','volumeSnapshotRef':{"
		      "'namespace':'bank','name':'monday','uid':'monday-uid'}},"
		      "'status':{'snapshotHandle':'snapshot-monday-uid','readyToUse':true}}");
	fake_api_putf(scene_api(scene), &scene_snapshots,
		      "{'metadata':{'name':'monday','namespace':'bank','uid':'monday-uid'},"
		      "'spec':{'source':{'persistentVolumeClaimName':'www'}},'status':{"
		      "'boundVolumeSnapshotContentName':'snapcontent-monday-uid',"
		      "'readyToUse':true,'restoreSize':'1Gi'}}");
}

/* default/copy. */
static void put_copy(struct provision_scene *scene)
{
	scene_put_claim(scene, "copy",
			"{'metadata':{'annotations':null},'spec':{'dataSourceRef':{"
			"'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"
			"'namespace':'bank','name':'monday'}}}");
}

static void put_grant(struct provision_scene *scene, const char *namespace)
{
	fake_api_putf(scene_api(scene), &scene_grants,
		      "{'metadata':{'name':'restore','namespace':'bank'},'spec':{'from':["
		      "{'group':'','kind':'PersistentVolumeClaim','namespace':'%s'}],'to':["
		      "{'group':'snapshot.storage.k8s.io','kind':'VolumeSnapshot'}]}}",
		      namespace);
}

static struct provision_scene *scene_with_gate(void)
{
	struct provision_scene *scene = scene_new();
	scene_set_cross_namespace(scene);
	scene_set_backoff(scene, 60000); /* woken, not retried */
	put_source(scene);
	scene_start(scene);
	return scene;
}

static bool is_guarded(struct provision_scene *scene)
{
	CLEANUP_FREE char *finalizers = fake_api_field(scene_api(scene), &scene_snapshots, "bank",
						       "monday", "metadata.finalizers");
	return finalizers && strstr(finalizers, GUARD);
}

static bool is_released(struct provision_scene *scene, const char *name)
{
	return !is_guarded(scene);
}

static void assert_not_made(struct provision_scene *scene)
{
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 0);
	assert_false(is_guarded(scene));
}

static void without_the_gate_it_is_refused(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	put_source(scene);
	put_grant(scene, "default");
	scene_start(scene);
	put_copy(scene);
	assert_true(
		scene_wait_event(scene, "ProvisioningFailed", "CrossNamespaceVolumeDataSource"));
	assert_not_made(scene);
	assert_int_equal(fake_api_requests(scene_api(scene), "GET", "referencegrants"), 0);
}

static void a_claim_waits_for_its_grant(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_gate();
	put_grant(scene, "mall"); /* another namespace's */
	put_copy(scene);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "no ReferenceGrant"));
	assert_not_made(scene);
	put_grant(scene, "default");
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
	CLEANUP_FREE char *asked = fake_node_source(scene_node_a(scene));
	assert_string_equal(asked, "snapshot snapshot-monday-uid");
	assert_true(scene_wait(scene, is_released, "copy"));
}

/* A source that is not there is not told from one that is. */
static void without_a_grant_nothing_is_told_of_the_source(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_gate();
	fake_api_remove(scene_api(scene), &scene_snapshots, "bank", "monday");
	usleep(20000);
	put_copy(scene);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "no ReferenceGrant"));
	assert_false(scene_has_event(scene, "ProvisioningFailed", "does not exist"));
}

static void where_the_kind_is_not_served_it_is_told(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_set_cross_namespace(scene);
	put_source(scene);
	fake_api_set_served(scene_api(scene), &scene_grants, false);
	scene_start(scene);
	put_copy(scene);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "does not serve this kind"));
	/* Others are made. */
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
}

/* Anyone may make a claim that names a source of others, and write the intent on it as well. */
static void a_claim_without_a_grant_holds_no_source(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_gate();
	scene_put_claim(scene, "copy",
			"{'metadata':{'annotations':{'kentledge.io/provisioning-node':'node-a'},"
			"'finalizers':['kentledge.io/provisioning']},'spec':{'dataSourceRef':{"
			"'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"
			"'namespace':'bank','name':'monday'}}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "no ReferenceGrant"));
	fake_api_edit(scene_api(scene), &scene_snapshots, "bank", "monday",
		      "{'metadata':{'finalizers':['" GUARD "'],"
		      "'deletionTimestamp':'2026-01-01T00:00:00Z'}}");
	assert_true(scene_wait(scene, is_released, "copy"));
}

/* A grant that is revoked lets the source go, though the copy has begun. */
static void a_grant_that_is_revoked_releases_the_source(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_gate();
	put_grant(scene, "default");
	fake_node_fail(scene_node_a(scene), "CreateVolume", ERROR_IN_USE, false, 1000);
	put_copy(scene);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "IN_USE"));
	assert_true(is_guarded(scene));
	fake_api_remove(scene_api(scene), &scene_grants, "bank", "restore");
	assert_true(scene_wait(scene, is_released, "copy"));
	/* And the claim can be deleted. */
	scene_delete(scene, &scene_claims, "copy");
	assert_true(scene_wait(scene, scene_is_gone, "copy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_gate_it_is_refused),
		cmocka_unit_test(a_claim_waits_for_its_grant),
		cmocka_unit_test(without_a_grant_nothing_is_told_of_the_source),
		cmocka_unit_test(where_the_kind_is_not_served_it_is_told),
		cmocka_unit_test(a_claim_without_a_grant_holds_no_source),
		cmocka_unit_test(a_grant_that_is_revoked_releases_the_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
