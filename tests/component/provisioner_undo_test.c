/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Copies of the cluster that are behind: what was made is not thrown away, and nothing is left
 * behind, because of what they do not show yet.
 */

#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "provision_scene.h"
#include "test.h"

#define GI (UINT64_C(1) << 30)
#define COPY "pvc-copy-uid"

#define INTENT(node)                                                                               \
	"'metadata':{'finalizers':['kentledge.io/provisioning'],'annotations':{"                   \
	"'volume.kubernetes.io/storage-provisioner':'kentledge.io',"                               \
	"'volume.kubernetes.io/selected-node':'" node "',"                                         \
	"'kentledge.io/provisioning-node':'" node "'}}"

/* The provisioner sees no further changes of the kind of that name, until it has asked so often. */
static void hide(struct provision_scene *scene, const char *plural, unsigned times)
{
	static char path[2][64];
	static unsigned next;
	char *part = path[next++ % 2];
	snprintf(part, sizeof(path[0]), "/%s?", plural);
	fake_api_fail(scene_api(scene), &(struct fake_api_failure) { .method = "GET",
								     .path_part = part,
								     .how = FAKE_API_STATUS,
								     .status = 503,
								     .times = times });
	fake_api_end_watches(scene_api(scene));
	usleep(50000);
}

static void put_source(struct provision_scene *scene)
{
	fake_node_add(scene_node_a(scene), "snapshot-monday-uid", GI);
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'snapcontent-monday-uid','annotations':{"
		      "'kentledge.io/node':'node-a'}},'spec':{'driver':'kentledge.io',"
		      "'deletionPolicy':'Delete','source':{'volumeHandle':'pvc-www-uid'},"
		      "'sourceVolumeMode':'Filesystem','volumeSnapshotRef':{"
		      "'namespace':'default','name':'monday','uid':'monday-uid'}},"
		      "'status':{'snapshotHandle':'snapshot-monday-uid','readyToUse':true}}");
	fake_api_putf(scene_api(scene), &scene_snapshots,
		      "{'metadata':{'name':'monday','namespace':'default','uid':'monday-uid'},"
		      "'spec':{'source':{'persistentVolumeClaimName':'www'}},'status':{"
		      "'boundVolumeSnapshotContentName':'snapcontent-monday-uid',"
		      "'readyToUse':true,'restoreSize':'1Gi'}}");
}

/* Another process has made it, and was killed before the PersistentVolume. */
static void put_copy(struct provision_scene *scene)
{
	fake_node_add(scene_node_a(scene), COPY, GI);
	scene_put_claim(
		scene, "copy",
		"{" INTENT("node-a") ",'spec':{'dataSource':{"
				     "'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"
				     "'name':'monday'}}}");
}

static void assert_kept(struct provision_scene *scene)
{
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 0);
	assert_true(fake_node_has(scene_node_a(scene), COPY));
}

static void a_source_that_is_not_seen_yet_undoes_no_copy(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	hide(scene, "volumesnapshots", 1000000);
	put_source(scene);
	put_copy(scene);
	assert_kept(scene);
}

static void a_source_that_moved_unseen_undoes_no_copy(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	put_source(scene);
	fake_api_edit(scene_api(scene), &scene_contents, "", "snapcontent-monday-uid",
		      "{'metadata':{'annotations':{'kentledge.io/node':'node-b'}}}");
	scene_start(scene);
	hide(scene, "volumesnapshotcontents", 1000000);
	fake_api_edit(scene_api(scene), &scene_contents, "", "snapcontent-monday-uid",
		      "{'metadata':{'annotations':{'kentledge.io/node':'node-a'}}}");
	put_copy(scene);
	assert_kept(scene);
}

/* As while a CustomResourceDefinition is made again: our copy is empty then, and each read of one
 * object is answered with 404. */
static void a_source_of_a_kind_that_is_not_served_undoes_no_copy(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	put_source(scene);
	fake_api_set_served(scene_api(scene), &scene_snapshots, false);
	scene_start(scene);
	put_copy(scene);
	usleep(200000);
	fake_api_set_served(scene_api(scene), &scene_snapshots, true);
	assert_kept(scene);
}

/* And where it is really gone, the copy goes. */
static void a_source_that_is_gone_undoes_the_copy(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	put_copy(scene);
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "does not exist"));
	assert_false(fake_node_has(scene_node_a(scene), COPY));
}

/* What may be on a node that is not seen yet is not forgotten. */
static void a_node_that_is_not_seen_yet_is_not_gone(void **state)
{
	for (int deleted = 0; deleted < 2; deleted++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		fake_api_remove(scene_api(scene), &scene_nodes, "", "node-a");
		scene_start(scene);
		hide(scene, "nodes", 2);
		fake_api_putf(scene_api(scene), &scene_nodes,
			      "{'metadata':{'name':'node-a'},'status':{'conditions':[{"
			      "'type':'Ready','status':'True'}]}}");
		fake_node_add(scene_node_a(scene), "pvc-www-uid", GI);
		scene_put_claim(scene, "www", "{" INTENT("node-a") "}");
		if (deleted)
			scene_delete(scene, &scene_claims, "www");
		usleep(200000);
		assert_false(scene_has_event(scene, "ProvisioningFailed", "not in the cluster"));
		assert_true(scene_wait(scene, deleted ? scene_is_gone : scene_is_bound, "www"));
	}
}

static void bring_node_a(struct provision_scene *scene)
{
	fake_api_putf(scene_api(scene), &scene_nodes,
		      "{'metadata':{'name':'node-a'},'status':{'conditions':[{"
		      "'type':'Ready','status':'True'}]}}");
}

/* Node-a was removed while the claim's volume had no record. */
static struct provision_scene *scene_of_lost_node(uint32_t sight_s, const char *class)
{
	struct provision_scene *scene = scene_new();
	CLEANUP_FREE char *patch =
		must_printf("{" INTENT("node-a") ",'spec':{'storageClassName':'%s'}}", class);
	fake_node_add(scene_node_a(scene), "pvc-www-uid", GI);
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-a");
	scene_put_claim(scene, "www", patch);
	scene_set_sight(scene, sight_s);
	return scene;
}

/* By an autoscaler, or by a kubelet that registers again. */
static void a_node_that_comes_back_keeps_its_volume(void **state)
{
	static const char *const classes[] = { "now", "kentledge" };
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(scene_freep)
		struct provision_scene *scene = scene_of_lost_node(300, classes[i]);
		scene_start(scene);
		assert_true(scene_wait_event(scene, "VolumeNodeGone", "stays away for 300 s"));
		usleep(100000);
		assert_int_equal(fake_node_count(scene_node_b(scene)), 0);
		bring_node_a(scene);
		assert_true(scene_wait(scene, scene_is_bound, "www"));
		assert_true(fake_node_has(scene_node_a(scene), "pvc-www-uid"));
		assert_int_equal(fake_node_count(scene_node_b(scene)), 0);
	}
}

static void a_node_that_comes_back_is_cleared_of_a_deleted_claim(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_lost_node(300, "now");
	scene_delete(scene, &scene_claims, "www");
	scene_start(scene);
	assert_true(scene_wait_event(scene, "VolumeNodeGone", "stays away for 300 s"));
	usleep(100000);
	bring_node_a(scene);
	assert_true(scene_wait(scene, scene_is_gone, "www"));
	assert_false(fake_node_has(scene_node_a(scene), "pvc-www-uid"));
}

static bool is_made_on_b(struct provision_scene *scene, const char *claim)
{
	return fake_node_has(scene_node_b(scene), "pvc-www-uid") && scene_is_bound(scene, claim);
}

static void a_node_that_stays_away_is_given_up(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_of_lost_node(1, "now");
	scene_start(scene);
	assert_true(scene_wait_event(scene, "VolumeNodeGone", "stays away for 1 s"));
	assert_int_equal(fake_node_count(scene_node_b(scene)), 0);
	/* No request while it waits. */
	assert_int_equal(fake_api_requests(scene_api(scene), "GET", "nodes/node-a"), 0);
	assert_true(scene_wait(scene, is_made_on_b, "www"));
}

/* Thousands of claims may wait for the same copy. */
static void a_node_that_is_not_seen_yet_is_asked_for_ever_more_rarely(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_remove(scene_api(scene), &scene_nodes, "", "node-a");
	scene_set_backoff(scene, 10000);
	scene_start(scene);
	hide(scene, "nodes", 1000000);
	bring_node_a(scene);
	scene_put_claim(scene, "www", NULL);
	usleep(1500000);
	assert_int_equal(fake_api_requests(scene_api(scene), "GET", "nodes/node-a"), 1);
	assert_false(scene_has_event(scene, "ProvisioningFailed", "not in the cluster"));
}

static void a_record_that_is_not_seen_yet_is_not_asked_for_again_and_again(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	scene_start(scene);
	hide(scene, "persistentvolumes", 1000000);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_has_volume, "www"));
	scene_bind(scene, "www");
	usleep(1000000);
	assert_in_range(fake_api_requests(scene_api(scene), "GET", "persistentvolumes/pvc-www-uid"),
			1, 3);
	assert_int_equal(fake_node_calls(scene_node_a(scene), "CreateVolume"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_is_not_seen_yet_undoes_no_copy),
		cmocka_unit_test(a_source_that_moved_unseen_undoes_no_copy),
		cmocka_unit_test(a_source_of_a_kind_that_is_not_served_undoes_no_copy),
		cmocka_unit_test(a_source_that_is_gone_undoes_the_copy),
		cmocka_unit_test(a_node_that_is_not_seen_yet_is_not_gone),
		cmocka_unit_test(a_node_that_comes_back_keeps_its_volume),
		cmocka_unit_test(a_node_that_comes_back_is_cleared_of_a_deleted_claim),
		cmocka_unit_test(a_node_that_stays_away_is_given_up),
		cmocka_unit_test(a_node_that_is_not_seen_yet_is_asked_for_ever_more_rarely),
		cmocka_unit_test(a_record_that_is_not_seen_yet_is_not_asked_for_again_and_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
