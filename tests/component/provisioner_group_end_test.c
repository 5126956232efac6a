/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The end of a group snapshot whose objects an editor has changed: members without their owner,
 * strangers that name the group as theirs, contents whose policy is another one by now.
 */

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "group_scene.h"
#include "snapshot_scene.h"
#include "step_share.h"
#include "test.h"

#define STEPS_MAX 200

static struct provision_scene *new_ready(void)
{
	struct provision_scene *scene = group_scene_new();
	group_scene_put(scene, NULL);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	return scene;
}

/* As a deletion with --cascade=orphan does. */
static void strip_owners(struct provision_scene *scene)
{
	for (unsigned i = 0; i < GROUP_SCENE_MEMBERS; i++) {
		CLEANUP_FREE char *member = group_scene_member(i);
		fake_api_edit(scene_api(scene), &scene_snapshots, "default", member,
			      "{'metadata':{'ownerReferences':null}}");
	}
	usleep(20000);
}

static void put_restore(struct provision_scene *scene, const char *member)
{
	fake_api_putf(scene_api(scene), &scene_claims,
		      "{'metadata':{'name':'restored','namespace':'default','uid':'r-uid'},"
		      "'spec':{'storageClassName':'kentledge','dataSource':{"
		      "'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"
		      "'name':'%s'}},'status':{'phase':'Pending'}}",
		      member);
	usleep(20000);
}

static void play_for_200_ms(struct provision_scene *scene)
{
	for (unsigned i = 0; i < 200; i++) {
		group_scene_play_sidecar(scene);
		usleep(1000);
	}
}

static void members_without_an_owner_go_with_the_group(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_ready();
	strip_owners(scene);
	scene_delete(scene, &group_scene_groups, "g");
	assert_true(group_scene_wait(scene, group_scene_is_gone));
}

/* Requirement D17. */
static void a_restore_from_a_member_without_an_owner_keeps_the_group(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_ready();
	CLEANUP_FREE char *member = group_scene_member(2);
	strip_owners(scene);
	put_restore(scene, member);
	scene_delete(scene, &group_scene_groups, "g");
	assert_true(scene_wait_event(scene, "SnapshotDeletePending", "default/restored"));
	play_for_200_ms(scene);
	assert_int_equal(fake_api_count(scene_api(scene), &group_scene_contents), 1);
	fake_api_edit(scene_api(scene), &scene_claims, "default", "restored",
		      "{'status':{'phase':'Bound'}}");
	assert_true(group_scene_wait(scene, group_scene_is_gone));
}

static bool no_member_is_left(struct provision_scene *scene)
{
	return fake_api_count(scene_api(scene), &scene_snapshots) == 0;
}

static void delete_members(struct provision_scene *scene)
{
	for (unsigned i = 0; i < GROUP_SCENE_MEMBERS; i++) {
		CLEANUP_FREE char *member = group_scene_member(i);
		scene_delete(scene, &scene_snapshots, member);
	}
}

/* Their finalizers would keep them, and their namespace, for ever. */
static void members_of_a_group_that_is_gone_are_released(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_ready();
	CLEANUP_FREE char *member = group_scene_member(0);
	strip_owners(scene);
	/* Kubernetes' snapshot-controller notes no driver. */
	fake_api_edit(scene_api(scene), &scene_snapshots, "default", member,
		      "{'metadata':{'annotations':{'kentledge.io/driver':null}}}");
	fake_api_remove(scene_api(scene), &group_scene_groups, "default", "g");
	usleep(20000);
	delete_members(scene);
	assert_true(group_scene_wait(scene, no_member_is_left));
}

/* The group goes, by another's hand, after its members were deleted. */
static void deleted_members_are_released_when_the_group_has_gone(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_ready();
	scene_stop(scene);
	scene_set_backoff(scene, 60000);
	scene_start(scene);
	strip_owners(scene);
	delete_members(scene);
	usleep(50000);
	assert_int_equal(fake_api_count(scene_api(scene), &scene_snapshots), GROUP_SCENE_MEMBERS);
	fake_api_remove(scene_api(scene), &group_scene_groups, "default", "g");
	assert_true(group_scene_wait(scene, no_member_is_left));
}

static bool group_and_members_are_gone(struct provision_scene *scene)
{
	CLEANUP_FREE char *member = group_scene_member(0);
	return !snapshot_scene_exists(scene, &group_scene_groups, "g") &&
	       !snapshot_scene_exists(scene, &scene_snapshots, member) &&
	       fake_api_count(scene_api(scene), &group_scene_contents) == 0;
}

static void a_snapshot_of_another_namespace_does_not_keep_the_group(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_ready();
	fake_api_putf(scene_api(scene), &scene_snapshots,
		      "{'metadata':{'name':'stranger','namespace':'elsewhere','uid':'s-uid',"
		      "'finalizers':['example.com/keep'],'ownerReferences':[{"
		      "'apiVersion':'groupsnapshot.storage.k8s.io/v1',"
		      "'kind':'VolumeGroupSnapshot','name':'g','uid':'g-uid'}]},"
		      "'spec':{'source':{'persistentVolumeClaimName':'none'}}}");
	usleep(20000);
	scene_delete(scene, &group_scene_groups, "g");
	assert_true(group_scene_wait(scene, group_and_members_are_gone));
	CLEANUP_FREE char *deleted = fake_api_field(scene_api(scene), &scene_snapshots, "elsewhere",
						    "stranger", "metadata.deletionTimestamp");
	assert_null(deleted);
	assert_true(fake_api_exists(scene_api(scene), &scene_snapshots, "elsewhere", "stranger"));
}

static void a_member_without_a_content_is_not_cut_again(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_ready();
	fake_api_putf(scene_api(scene), &scene_snapshots,
		      "{'metadata':{'name':'early','namespace':'default','uid':'e-uid',"
		      "'annotations':{'kentledge.io/driver':'kentledge.io'},'ownerReferences':[{"
		      "'apiVersion':'groupsnapshot.storage.k8s.io/v1',"
		      "'kind':'VolumeGroupSnapshot','name':'h','uid':'h-uid'}]},"
		      "'spec':{'source':{'persistentVolumeClaimName':'db-0'}}}");
	assert_true(scene_wait_event(scene, "SnapshotContentMissing", "\"h\""));
	assert_int_equal(fake_api_count(scene_api(scene), &scene_contents), GROUP_SCENE_MEMBERS);
}

/* With the uid of another snapshot for a hash, it would take the name of that one's content. */
static void the_content_of_another_snapshot_cannot_be_named(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	fake_api_putf(scene_api(scene), &scene_snapshots,
		      "{'metadata':{'name':'snapshot-victim-uid','namespace':'default',"
		      "'uid':'own-uid','ownerReferences':[{'apiVersion':'v1',"
		      "'kind':'VolumeGroupSnapshot','name':'h','uid':'h-uid'}]},"
		      "'spec':{'source':{'persistentVolumeClaimName':'db-0'}}}");
	for (unsigned i = 0; i < 2000 && fake_api_count(scene_api(scene), &scene_contents) == 0;
	     i++)
		usleep(1000);
	assert_true(snapshot_scene_exists(scene, &scene_contents, "snapcontent-own-uid"));
	assert_false(snapshot_scene_exists(scene, &scene_contents, "snapcontent-victim-uid"));
}

/* The members would seem to be gone, and their data would go while they are there. */
static void a_content_stays_while_snapshots_are_not_served(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_ready();
	fake_api_set_served(scene_api(scene), &scene_snapshots, false);
	usleep(200000);
	scene_delete(scene, &group_scene_groups, "g");
	play_for_200_ms(scene);
	assert_int_equal(fake_api_count(scene_api(scene), &group_scene_contents), 1);
	scene_stop(scene);
	fake_api_set_served(scene_api(scene), &scene_snapshots, true);
	scene_start(scene);
	assert_true(group_scene_wait(scene, group_scene_is_gone));
}

/* They would stay ready, with handles of data that are gone. */
static void contents_of_members_go_with_the_data(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	fake_api_edit(scene_api(scene), &group_scene_classes, "", "groups",
		      "{'deletionPolicy':'Retain'}");
	usleep(20000);
	group_scene_put(scene, NULL);
	assert_true(group_scene_wait(scene, group_scene_is_ready));
	fake_api_edit(scene_api(scene), &group_scene_contents, "", GROUP_SCENE_CONTENT,
		      "{'spec':{'deletionPolicy':'Delete'}}");
	usleep(20000);
	scene_delete(scene, &group_scene_groups, "g");
	assert_true(group_scene_wait(scene, group_scene_is_gone));
}

static void contents_of_members_that_were_removed_go_too(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = new_ready();
	CLEANUP_FREE char *member = group_scene_member(1);
	fake_api_remove(scene_api(scene), &scene_snapshots, "default", member);
	usleep(20000);
	scene_delete(scene, &group_scene_groups, "g");
	assert_true(group_scene_wait(scene, group_scene_is_gone));
}

static bool orphan(struct provision_scene *scene, void *context)
{
	for (unsigned i = 0; i < GROUP_SCENE_MEMBERS; i++) {
		CLEANUP_FREE char *member = group_scene_member(i);
		if (snapshot_scene_exists(scene, &scene_snapshots, member))
			fake_api_edit(scene_api(scene), &scene_snapshots, "default", member,
				      "{'metadata':{'ownerReferences':null}}");
	}
	scene_delete(scene, &group_scene_groups, "g");
	return true;
}

/* While it is made: members without a content are not cut as ordinary snapshots. */
static void an_orphaning_deletion_at_any_step_leaves_nothing(void **state)
{
	bool acted = true;
	for (unsigned step = step_first(); acted && step < STEPS_MAX; step = step_after(step)) {
		CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
		scene_at_step(scene, step, orphan, NULL);
		group_scene_put(scene, NULL);
		for (unsigned i = 0; i < 300 && !scene_has_acted(scene); i++) {
			group_scene_play_sidecar(scene);
			usleep(1000);
		}
		acted = scene_has_acted(scene);
		scene_at_step(scene, 0, NULL, NULL);
		scene_delete(scene, &group_scene_groups, "g");
		if (!group_scene_wait(scene, group_scene_is_gone))
			fail_msg("orphaned at step %u: something is left", step);
	}
}

static void a_snapshot_held_as_the_member_of_no_group_says_so(void **state)
{
	CLEANUP(scene_freep) struct provision_scene *scene = group_scene_new();
	fake_api_putf(scene_api(scene), &scene_snapshots,
		      "{'metadata':{'name':'stray','namespace':'default','finalizers':["
		      "'snapshot.storage.kubernetes.io/volumesnapshot-in-group-protection',"
		      "'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection'],"
		      "'annotations':{'kentledge.io/driver':'kentledge.io'}},"
		      "'spec':{'source':{'persistentVolumeClaimName':'db-0'}}}");
	scene_delete(scene, &scene_snapshots, "stray");
	assert_true(scene_wait_event(scene, "SnapshotDeletePending",
				     "volumesnapshot-in-group-protection and names no"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_without_an_owner_go_with_the_group),
		cmocka_unit_test(a_restore_from_a_member_without_an_owner_keeps_the_group),
		cmocka_unit_test(members_of_a_group_that_is_gone_are_released),
		cmocka_unit_test(deleted_members_are_released_when_the_group_has_gone),
		cmocka_unit_test(a_snapshot_of_another_namespace_does_not_keep_the_group),
		cmocka_unit_test(a_member_without_a_content_is_not_cut_again),
		cmocka_unit_test(the_content_of_another_snapshot_cannot_be_named),
		cmocka_unit_test(a_content_stays_while_snapshots_are_not_served),
		cmocka_unit_test(contents_of_members_go_with_the_data),
		cmocka_unit_test(contents_of_members_that_were_removed_go_too),
		cmocka_unit_test(an_orphaning_deletion_at_any_step_leaves_nothing),
		cmocka_unit_test(a_snapshot_held_as_the_member_of_no_group_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
