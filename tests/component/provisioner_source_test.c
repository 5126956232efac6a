/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A claim is made from another claim, or from a snapshot: on the node that has the data, once, and
 * with the source kept meanwhile. A kill at any step leads to the same end.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "kube/json.h"
#include "provision_scene.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 100
#define GI (UINT64_C(1) << 30)
#define COPY "pvc-copy-uid"
#define CONTENT "snapcontent-monday-uid"
#define SNAPSHOT "snapshot-monday-uid"

#define CLONE_FINALIZER "provisioner.storage.kubernetes.io/cloning-protection"
#define RESTORE_FINALIZER "provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection"

/* What the claims differ in. No node is selected, and where binding waits for one, nothing names us
 * but the class. */
#define FROM_CLAIM                                                                                 \
	"'metadata':{'annotations':null},'spec':{'storageClassName':'%s',"                         \
	"'dataSource':{'kind':'PersistentVolumeClaim','name':'www'}}"
#define FROM_SNAPSHOT                                                                              \
	"'metadata':{'annotations':null},'spec':{'storageClassName':'%s',"                         \
	"'dataSource':{'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"              \
	"'name':'monday'}}"

enum way { CLONE, RESTORE };

static void put_copy(struct provision_scene *scene, enum way way, const char *class)
{
	CLEANUP_FREE char *patch =
		must_printf(way == CLONE ? "{" FROM_CLAIM "}" : "{" FROM_SNAPSHOT "}", class);
	scene_put_claim(scene, "copy", patch);
}

/* Of www, on node-a. */
static void put_snapshot(struct provision_scene *scene)
{
	fake_node_add(scene_node_a(scene), SNAPSHOT, GI);
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'" CONTENT "','annotations':{"
		      "'kentledge.io/node':'node-a'}},'spec':{'driver':'kentledge.io',"
		      "'deletionPolicy':'Delete','source':{'volumeHandle':'pvc-www-uid'},"
		      "'sourceVolumeMode':'Filesystem','volumeSnapshotRef':{"
		      "'namespace':'default','name':'monday','uid':'monday-uid'}},"
		      "'status':{'snapshotHandle':'" SNAPSHOT "','readyToUse':true}}");
	fake_api_putf(scene_api(scene), &scene_snapshots,
		      "{'metadata':{'name':'monday','namespace':'default','uid':'monday-uid'},"
		      "'spec':{'source':{'persistentVolumeClaimName':'www'}},'status':{"
		      "'boundVolumeSnapshotContentName':'" CONTENT "','readyToUse':true,"
		      "'restoreSize':'1Gi'}}");
}

/* www is bound, of 1Gi, on node-a; and monday is a snapshot of it. */
static struct provision_scene *scene_with_source(void)
{
	struct provision_scene *scene = scene_new();
	scene_start(scene);
	scene_put_claim(scene, "www", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "www"));
	put_snapshot(scene);
	return scene;
}

static const struct kind *source_kind(enum way way)
{
	return way == CLONE ? &scene_claims : &scene_snapshots;
}

static const char *source_name(enum way way)
{
	return way == CLONE ? "www" : "monday";
}

static bool is_guarded(struct provision_scene *scene, enum way way)
{
	CLEANUP_FREE char *finalizers =
		fake_api_field(scene_api(scene), source_kind(way), "default", source_name(way),
			       "metadata.finalizers");
	return finalizers &&
	       strstr(finalizers, way == CLONE ? CLONE_FINALIZER : RESTORE_FINALIZER) != NULL;
}

static bool wait_unguarded(struct provision_scene *scene, enum way way)
{
	for (unsigned i = 0; i < 5000; i++) {
		if (!is_guarded(scene, way))
			return true;
		usleep(1000);
	}
	return false;
}

static size_t calls(struct provision_scene *scene)
{
	return fake_node_calls(scene_node_a(scene), "CreateVolume");
}

static void wait_for_calls(struct provision_scene *scene, size_t count)
{
	for (unsigned i = 0; i < 5000 && calls(scene) < count; i++)
		usleep(1000);
	assert_true(calls(scene) >= count);
}

static void assert_made_from(struct provision_scene *scene, const char *source)
{
	CLEANUP_FREE char *asked = fake_node_source(scene_node_a(scene));
	assert_string_equal(asked, source);
	assert_true(fake_node_has(scene_node_a(scene), COPY));
	assert_false(fake_node_has(scene_node_b(scene), COPY));
}

/* Late, no node selected: the volume is made all the same. Immediate: although the other node has
 * more room. Requirements E12, E14, E15. */
static void a_copy_is_made_where_its_source_is(void **state)
{
	static const char *const classes[] = { "kentledge", "now" };
	for (size_t i = 0; i < 2; i++)
		for (enum way way = CLONE; way <= RESTORE; way++) {
			CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
			fake_node_set_room(scene_node_a(scene), 2 * GI);
			put_copy(scene, way, classes[i]);
			assert_true(scene_wait(scene, scene_is_bound, "copy"));
			assert_made_from(scene, way == CLONE ? "volume pvc-www-uid"
							     : "snapshot " SNAPSHOT);
			/* One call for www. */
			assert_int_equal(calls(scene), 2);
			if (way == RESTORE)
				assert_true(wait_unguarded(scene, way));
			else
				assert_true(is_guarded(scene, way));
		}
}

static char *annotation_of(struct provision_scene *scene, const char *key)
{
	CLEANUP(json_object_putp)
	struct json_object *object =
		fake_api_read(scene_api(scene), &scene_claims, "default", "copy");
	struct json_object *value =
		json_object_object_get(json_find(object, "metadata.annotations"), key);
	return value ? must_strdup(json_object_get_string(value)) : NULL;
}

static void select_node(struct provision_scene *scene, const char *node)
{
	fake_api_edit(scene_api(scene), &scene_claims, "default", "copy",
		      "{'metadata':{'annotations':{'volume.kubernetes.io/selected-node':'%s'}}}",
		      node);
}

/* Requirement E16. */
static void another_node_that_was_selected_is_taken_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	scene_put_claim(scene, "copy",
			"{'metadata':{'annotations':{"
			"'volume.kubernetes.io/selected-node':'node-b'}},"
			"'spec':{'dataSource':{'kind':'PersistentVolumeClaim','name':'www'}}}");
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
	assert_made_from(scene, "volume pvc-www-uid");
	CLEANUP_FREE char *selected = annotation_of(scene, "volume.kubernetes.io/selected-node");
	assert_null(selected);
	assert_true(scene_wait_event(scene, "Provisioning", "not on node \"node-b\"") ||
		    scene_wait_event(scene, "Provisioning", "not on node \\\"node-b\\\""));
}

/* The scheduler selects another node between the call and the binding: the volume stays. */
static bool scheduler_selects(struct provision_scene *scene, void *context)
{
	if (fake_api_exists(scene_api(scene), &scene_claims, "default", "copy"))
		select_node(scene, "node-b");
	return true;
}

static void a_node_that_is_selected_meanwhile_undoes_nothing(void **state)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
		usleep(20000);
		scene_at_step(scene, step, scheduler_selects, NULL);
		put_copy(scene, CLONE, "kentledge");
		if (!scene_wait(scene, scene_is_bound, "copy"))
			fail_msg("selected at step %u: not bound", step);
		assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 0);
		assert_made_from(scene, "volume pvc-www-uid");
		bool acted = scene_has_acted(scene);
		scene_at_step(scene, 0, NULL, NULL);
		if (!acted)
			return;
	}
	fail_msg("no end of steps");
}

/* Requirement E18; and the scheduler, which selects again and again, makes no hot loop of it. */
static void no_room_there_is_told_and_not_looked_for_elsewhere(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	scene_stop(scene);
	scene_set_backoff(scene, 60000);
	scene_start(scene);
	fake_node_set_room(scene_node_a(scene), GI / 2);
	size_t before = calls(scene);
	scene_put_claim(scene, "copy",
			"{'metadata':{'annotations':{"
			"'volume.kubernetes.io/selected-node':'node-b'}},"
			"'spec':{'dataSource':{'kind':'PersistentVolumeClaim','name':'www'}}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "no room"));
	unsigned removals = 0;
	for (unsigned i = 0; i < 300; i++) {
		CLEANUP_FREE char *selected =
			annotation_of(scene, "volume.kubernetes.io/selected-node");
		removals += !selected;
		if (!selected)
			select_node(scene, "node-b");
		usleep(1000);
	}
	assert_int_equal(removals, 1);
	assert_true(calls(scene) - before <= 3);
	assert_int_equal(fake_node_calls(scene_node_b(scene), "CreateVolume"), 0);
	assert_false(fake_node_has(scene_node_a(scene), COPY));
	assert_true(fake_api_wait_field(scene_api(scene), &scene_claims, "default", "copy",
					"metadata.finalizers", "[]") ||
		    fake_api_wait_field(scene_api(scene), &scene_claims, "default", "copy",
					"metadata.finalizers", NULL));
}

/* Requirement E17. */
static void a_node_that_is_not_allowed_is_told_and_nothing_rescheduled(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	fake_api_putf(scene_api(scene), &scene_classes,
		      "{'metadata':{'name':'east'},'provisioner':'kentledge.io',"
		      "'reclaimPolicy':'Delete','volumeBindingMode':'WaitForFirstConsumer',"
		      "'allowedTopologies':[{'matchLabelExpressions':[{'key':'zone',"
		      "'values':['east']}]}]}");
	put_copy(scene, CLONE, "east");
	select_node(scene, "node-b");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "allowedTopologies"));
	usleep(100000);
	CLEANUP_FREE char *selected = annotation_of(scene, "volume.kubernetes.io/selected-node");
	assert_string_equal(selected, "node-b");
	assert_int_equal(calls(scene), 1);
	/* By event. */
	fake_api_edit(scene_api(scene), &scene_nodes, "", "node-a",
		      "{'metadata':{'labels':{'zone':'east'}}}");
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
}

/* Woken, not retried: the pause is a minute. */
static void a_copy_waits_for_its_source(void **state)
{
	for (enum way way = CLONE; way <= RESTORE; way++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
		scene_set_backoff(scene, 60000);
		scene_start(scene);
		put_copy(scene, way, "kentledge");
		assert_true(scene_wait_event(scene, "ProvisioningFailed", "does not exist"));
		scene_put_claim(scene, "www", NULL);
		assert_true(scene_wait(scene, scene_is_bound, "www"));
		if (way == RESTORE) {
			put_snapshot(scene);
			assert_true(scene_wait(scene, scene_is_bound, "copy"));
			continue;
		}
		assert_true(scene_wait(scene, scene_is_bound, "copy"));
	}
}

static void a_restore_waits_until_the_snapshot_is_ready(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	scene_stop(scene);
	scene_set_backoff(scene, 60000);
	fake_api_edit(scene_api(scene), &scene_snapshots, "default", "monday",
		      "{'status':{'readyToUse':false}}");
	fake_api_edit(scene_api(scene), &scene_contents, "", CONTENT,
		      "{'metadata':{'annotations':null},'spec':{'source':{'volumeHandle':'x'}}}");
	scene_start(scene);
	put_copy(scene, RESTORE, "kentledge");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "is not ready to use"));
	fake_api_edit(scene_api(scene), &scene_snapshots, "default", "monday",
		      "{'status':{'readyToUse':true}}");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "which node has the data"));
	assert_int_equal(calls(scene), 1);
	fake_api_edit(scene_api(scene), &scene_contents, "", CONTENT,
		      "{'metadata':{'annotations':{'kentledge.io/node':'node-a'}}}");
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
}

/* Without an annotation, as upstream's sidecar writes it: by its label, or by the volume. */
static void the_node_of_a_snapshot_is_found_in_other_ways(void **state)
{
	static const char *const patches[] = {
		"{'metadata':{'annotations':null,'labels':{"
		"'snapshot.storage.kubernetes.io/managed-by':'node-a'}}}",
		"{'metadata':{'annotations':null}}",
	};
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
		CLEANUP_FREE char *patch = must_strdup(patches[i]);
		fake_api_edit(scene_api(scene), &scene_contents, "", CONTENT, "%s", patch);
		put_copy(scene, RESTORE, "kentledge");
		assert_true(scene_wait(scene, scene_is_bound, "copy"));
		assert_made_from(scene, "snapshot " SNAPSHOT);
	}
}

static void a_smaller_copy_is_refused(void **state)
{
	for (enum way way = CLONE; way <= RESTORE; way++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
		fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
			      "{'spec':{'resources':{'requests':{'storage':'2Gi'}}}}");
		fake_api_edit(scene_api(scene), &scene_snapshots, "default", "monday",
			      "{'status':{'restoreSize':'2Gi'}}");
		usleep(20000);
		put_copy(scene, way, "kentledge");
		assert_true(scene_wait_event(scene, "ProvisioningFailed", "1Gi is less than"));
		assert_int_equal(calls(scene), 1);
		assert_false(is_guarded(scene, way));
	}
}

/* Requirement E7. */
static void an_empty_volume_is_no_copy(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	fake_node_set_copies_nothing(scene_node_a(scene), true);
	put_copy(scene, CLONE, "kentledge");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "is empty"));
	assert_false(scene_has_volume(scene, "copy"));
	fake_node_set_copies_nothing(scene_node_a(scene), false);
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
	assert_true(fake_node_calls(scene_node_a(scene), "DeleteVolume") > 0);
}

/* The answer says what to do, and a retry goes on. Requirement E13. */
static void a_source_that_is_written_to_is_told(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	fake_node_fail(scene_node_a(scene), "CreateVolume", ERROR_IN_USE, false, 1);
	put_copy(scene, CLONE, "kentledge");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "IN_USE"));
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
	assert_int_equal(fake_node_calls(scene_node_a(scene), "DeleteVolume"), 0);
}

static void waits_for_the_node_and_goes_on_when_it_is_back(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	scene_stop(scene);
	scene_set_backoff(scene, 60000);
	scene_start(scene);
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-a", "{'endpoints':[]}");
	usleep(20000);
	put_copy(scene, RESTORE, "kentledge");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "has no address there"));
	assert_int_equal(calls(scene), 1);
	assert_false(is_guarded(scene, RESTORE)); /* nothing has begun */
	fake_api_edit(scene_api(scene), &scene_slices, "kentledge", "node-a",
		      "{'endpoints':[{'nodeName':'node-a','addresses':['10.0.0.1'],"
		      "'conditions':{'ready':true}}]}");
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
}

/* The source is deleted while its copy is made: it stays until that is done. */
static void a_source_that_is_deleted_meanwhile_waits(void **state)
{
	for (enum way way = CLONE; way <= RESTORE; way++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
		fake_node_fail(scene_node_a(scene), "CreateVolume", ERROR_TIMEOUT, true, 20);
		put_copy(scene, way, "kentledge");
		wait_for_calls(scene, 3);
		scene_delete(scene, source_kind(way), source_name(way));
		usleep(20000);
		assert_true(is_guarded(scene, way));
		fake_node_fail(scene_node_a(scene), "CreateVolume", ERROR_TIMEOUT, true, 0);
		assert_true(scene_wait(scene, scene_is_bound, "copy"));
		assert_true(wait_unguarded(scene, way));
		assert_true(fake_api_wait_field(scene_api(scene), source_kind(way), "default",
						source_name(way), "metadata.name", NULL));
	}
}

/* The claim too: nothing is left of either. */
static void a_source_and_its_copy_may_both_be_deleted(void **state)
{
	for (enum way way = CLONE; way <= RESTORE; way++) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
		fake_node_fail(scene_node_a(scene), "CreateVolume", ERROR_TIMEOUT, true, 1000);
		put_copy(scene, way, "kentledge");
		wait_for_calls(scene, 3);
		scene_delete(scene, source_kind(way), source_name(way));
		scene_delete(scene, &scene_claims, "copy");
		assert_true(scene_wait(scene, scene_is_gone, "copy"));
		assert_true(wait_unguarded(scene, way));
		assert_true(fake_api_wait_field(scene_api(scene), source_kind(way), "default",
						source_name(way), "metadata.name", NULL));
	}
}

/* A finalizer that a process has left behind: released when the next one sees it. */
static void a_finalizer_that_nothing_needs_is_removed(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	scene_stop(scene);
	fake_api_edit(scene_api(scene), &scene_snapshots, "default", "monday",
		      "{'metadata':{'finalizers':['foreign','" RESTORE_FINALIZER "']}}");
	fake_api_edit(scene_api(scene), &scene_claims, "default", "www",
		      "{'metadata':{'finalizers':['foreign','" CLONE_FINALIZER "']}}");
	scene_delete(scene, &scene_claims, "www");
	scene_start(scene);
	assert_true(wait_unguarded(scene, CLONE));
	assert_true(wait_unguarded(scene, RESTORE));
	CLEANUP_FREE char *finalizers = fake_api_field(scene_api(scene), &scene_claims, "default",
						       "www", "metadata.finalizers");
	assert_string_equal(finalizers, "[\"foreign\"]");
}

/* The content says whose it is. */
static void a_deleted_snapshot_is_released_though_its_content_went_first(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	scene_stop(scene);
	fake_api_edit(scene_api(scene), &scene_snapshots, "default", "monday",
		      "{'metadata':{'finalizers':['foreign','" RESTORE_FINALIZER "']}}");
	scene_delete(scene, &scene_snapshots, "monday");
	scene_delete(scene, &scene_contents, CONTENT);
	scene_start(scene);
	assert_true(wait_unguarded(scene, RESTORE));
}

/* Another driver's sidecar wrote them. */
static void finalizers_of_another_drivers_sources_stay(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	fake_api_putf(scene_api(scene), &scene_volumes,
		      "{'metadata':{'name':'theirs'},'spec':{'csi':{'driver':'other.io',"
		      "'volumeHandle':'x'}}}");
	fake_api_putf(
		scene_api(scene), &scene_claims,
		"{'metadata':{'name':'theirs','namespace':'default','finalizers':['" CLONE_FINALIZER
		"']},'spec':{'volumeName':'theirs'},'status':{'phase':'Bound'}}");
	fake_api_putf(scene_api(scene), &scene_contents,
		      "{'metadata':{'name':'theirs'},'spec':{'driver':'other.io',"
		      "'deletionPolicy':'Delete','source':{'volumeHandle':'x'},"
		      "'volumeSnapshotRef':{'namespace':'default','name':'theirs'}}}");
	fake_api_putf(scene_api(scene), &scene_snapshots,
		      "{'metadata':{'name':'theirs','namespace':'default','finalizers':["
		      "'" RESTORE_FINALIZER "']},'spec':{'source':{'persistentVolumeClaimName':"
		      "'theirs'}},'status':{'boundVolumeSnapshotContentName':'theirs'}}");
	scene_delete(scene, &scene_claims, "theirs");
	scene_delete(scene, &scene_snapshots, "theirs");
	put_copy(scene, CLONE, "kentledge");
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
	assert_true(fake_api_exists(scene_api(scene), &scene_claims, "default", "theirs"));
	assert_true(fake_api_exists(scene_api(scene), &scene_snapshots, "default", "theirs"));
}

/* E5: rights that are not there are no reason to refuse. */
static void a_snapshot_that_may_not_be_written_is_restored_all_the_same(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	fake_api_fail(scene_api(scene),
		      &(struct fake_api_failure) { .method = "PATCH",
						   .path_part = "volumesnapshots/monday",
						   .how = FAKE_API_STATUS,
						   .status = 403,
						   .times = 1000 });
	put_copy(scene, RESTORE, "kentledge");
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
}

static void without_the_kind_a_restore_waits_for_it(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_new();
	fake_api_set_served(scene_api(scene), &scene_snapshots, false);
	fake_api_set_served(scene_api(scene), &scene_contents, false);
	scene_start(scene);
	put_copy(scene, RESTORE, "kentledge");
	assert_true(scene_wait_event(scene, "ProvisioningFailed", "does not exist"));
}

/* Requirements E2 and E24. */
static void what_a_populator_fills_is_left_alone(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	scene_put_claim(scene, "copy",
			"{'spec':{'dataSourceRef':{'apiGroup':'x.io','kind':'Hello','name':'w'}}}");
	assert_true(scene_wait_event(scene, "Provisioning", "external populator"));
	usleep(50000);
	assert_false(scene_has_event(scene, "ProvisioningFailed", ""));
	assert_int_equal(calls(scene), 1);
	CLEANUP_FREE char *finalizers = fake_api_field(scene_api(scene), &scene_claims, "default",
						       "copy", "metadata.finalizers");
	assert_null(finalizers);
}

/* Requirement E21: lib-volume-populator has a claim of its own filled, and then gives its volume to
 * the user's claim. */
static void a_volume_that_a_populator_hands_over_stays(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
	scene_put_claim(scene, "copy", NULL);
	assert_true(scene_wait(scene, scene_is_bound, "copy"));
	scene_put_claim(scene, "user",
			"{'spec':{'dataSourceRef':{'apiGroup':'x.io','kind':'Hello','name':'w'}}}");
	fake_api_edit(scene_api(scene), &scene_volumes, "", COPY,
		      "{'spec':{'claimRef':{'name':'user','uid':'user-uid'}}}");
	fake_api_edit(scene_api(scene), &scene_claims, "default", "copy",
		      "{'status':{'phase':'Lost'}}");
	scene_delete(scene, &scene_claims, "copy");
	assert_true(fake_api_wait_field(scene_api(scene), &scene_claims, "default", "copy",
					"metadata.name", NULL));
	fake_api_edit(scene_api(scene), &scene_claims, "default", "user",
		      "{'spec':{'volumeName':'" COPY "'},'status':{'phase':'Bound'}}");
	usleep(100000);
	assert_true(fake_node_has(scene_node_a(scene), COPY));
	assert_true(fake_api_exists(scene_api(scene), &scene_volumes, "", COPY));
	assert_false(scene_has_event(scene, "ProvisioningFailed", ""));
	assert_int_equal(calls(scene), 2);
	/* From then on it goes with the user's claim. */
	scene_delete(scene, &scene_claims, "user");
	fake_api_edit(scene_api(scene), &scene_volumes, "", COPY,
		      "{'status':{'phase':'Released'}}");
	assert_true(scene_wait(scene, scene_is_gone, "copy"));
}

static bool has_come_to_it(struct provision_scene *scene, const char *claim)
{
	return scene_has_acted(scene) ||
	       (scene_is_bound(scene, claim) && !is_guarded(scene, RESTORE));
}

/* False: nothing is left to do, and the step was not reached, since there are fewer. */
static bool wait_for_step(struct provision_scene *scene)
{
	assert_true(scene_wait(scene, has_come_to_it, "copy"));
	usleep(10000); /* the last step may be about to end */
	return scene_has_acted(scene);
}

static bool source_is_gone(struct provision_scene *scene, const char *claim)
{
	return !fake_api_exists(scene_api(scene), &scene_snapshots, "default", "monday") ||
	       !fake_api_exists(scene_api(scene), &scene_claims, "default", "www");
}

static bool delete_source(struct provision_scene *scene, void *context)
{
	const enum way *way = context;
	scene_delete(scene, source_kind(*way), source_name(*way));
	return true;
}

/* Requirement E26: at each step the source is deleted. In the end there is a copy and no source, or
 * neither, and nothing is left. */
static void a_source_that_is_deleted_at_any_step_leaves_nothing(void **state)
{
	for (enum way way = CLONE; way <= RESTORE; way++)
		for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
			CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
			usleep(20000);
			scene_at_step(scene, step, delete_source, &way);
			put_copy(scene, way, "kentledge");
			bool acted = wait_for_step(scene);
			scene_at_step(scene, 0, NULL, NULL);
			scene_delete(scene, source_kind(way), source_name(way));
			if (!scene_wait(scene, source_is_gone, "copy"))
				fail_msg("deleted at step %u: the source stays", step);
			scene_delete(scene, &scene_claims, "copy");
			if (!scene_wait(scene, scene_is_gone, "copy"))
				fail_msg("deleted at step %u: something is left", step);
			if (!acted)
				break;
			assert_true(step + 1 < STEPS_MAX);
		}
}

static bool delete_copy(struct provision_scene *scene, void *context)
{
	scene_delete(scene, &scene_claims, "copy");
	return !context || scene_kill(scene, NULL);
}

static void a_claim_that_is_deleted_at_any_step_leaves_nothing(void **state)
{
	for (int kill = 0; kill < 2; kill++)
		for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
			CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
			usleep(20000);
			scene_at_step(scene, step, delete_copy, kill ? scene : NULL);
			put_copy(scene, RESTORE, "kentledge");
			bool acted = wait_for_step(scene);
			scene_at_step(scene, 0, NULL, NULL);
			if (kill || !acted) {
				scene_stop(scene);
				scene_delete(scene, &scene_claims, "copy");
				scene_start(scene);
			}
			if (!scene_wait(scene, scene_is_gone, "copy"))
				fail_msg("deleted at step %u: something is left", step);
			assert_true(wait_unguarded(scene, RESTORE));
			if (!acted)
				break;
			assert_true(step + 1 < STEPS_MAX);
		}
}

static unsigned kill_at_every_step(enum way way)
{
	for (unsigned step = step_first(); step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = scene_with_source();
		usleep(20000);
		scene_at_step(scene, step, scene_kill, NULL);
		put_copy(scene, way, "kentledge");
		select_node(scene, "node-b");
		bool died = wait_for_step(scene);
		scene_stop(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_start(scene);
		if (!scene_wait(scene, scene_is_bound, "copy"))
			fail_msg("killed at step %u: not bound", step);
		assert_made_from(scene, way == CLONE ? "volume pvc-www-uid" : "snapshot " SNAPSHOT);
		if (way == RESTORE)
			assert_true(wait_unguarded(scene, way));
		else
			assert_true(is_guarded(scene, way));
		assert_int_equal(fake_node_count(scene_node_a(scene)), 3);
		if (!died)
			return step - 1;
	}
	fail_msg("no end of steps");
	return 0;
}

/* Requirement Z3. */
static void killed_anywhere_it_ends_as_without(void **state)
{
	unsigned clones = kill_at_every_step(CLONE), restores = kill_at_every_step(RESTORE);
	step_tell("a clone", clones);
	step_tell("a restore", restores);
	/* Intent, finalizer, call, record, intent off; of a restore, finalizer off: both ends. */
	assert_true(clones >= 10);
	assert_true(restores >= 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_made_where_its_source_is),
		cmocka_unit_test(another_node_that_was_selected_is_taken_back),
		cmocka_unit_test(a_node_that_is_selected_meanwhile_undoes_nothing),
		cmocka_unit_test(no_room_there_is_told_and_not_looked_for_elsewhere),
		cmocka_unit_test(a_node_that_is_not_allowed_is_told_and_nothing_rescheduled),
		cmocka_unit_test(a_copy_waits_for_its_source),
		cmocka_unit_test(a_restore_waits_until_the_snapshot_is_ready),
		cmocka_unit_test(the_node_of_a_snapshot_is_found_in_other_ways),
		cmocka_unit_test(a_smaller_copy_is_refused),
		cmocka_unit_test(an_empty_volume_is_no_copy),
		cmocka_unit_test(a_source_that_is_written_to_is_told),
		cmocka_unit_test(waits_for_the_node_and_goes_on_when_it_is_back),
		cmocka_unit_test(a_source_that_is_deleted_meanwhile_waits),
		cmocka_unit_test(a_source_and_its_copy_may_both_be_deleted),
		cmocka_unit_test(a_finalizer_that_nothing_needs_is_removed),
		cmocka_unit_test(a_deleted_snapshot_is_released_though_its_content_went_first),
		cmocka_unit_test(finalizers_of_another_drivers_sources_stay),
		cmocka_unit_test(a_snapshot_that_may_not_be_written_is_restored_all_the_same),
		cmocka_unit_test(without_the_kind_a_restore_waits_for_it),
		cmocka_unit_test(what_a_populator_fills_is_left_alone),
		cmocka_unit_test(a_volume_that_a_populator_hands_over_stays),
		cmocka_unit_test(a_source_that_is_deleted_at_any_step_leaves_nothing),
		cmocka_unit_test(a_claim_that_is_deleted_at_any_step_leaves_nothing),
		cmocka_unit_test(killed_anywhere_it_ends_as_without),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
