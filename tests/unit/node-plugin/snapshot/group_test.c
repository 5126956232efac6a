/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/group.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pool_scene.h"
#include "snapshot/delete.h"
#include "snapshot/snapshot.h"
#include "test.h"
#include "volume/create.h"
#include "volume/stage.h"

static struct pool_scene scene;

static const char *const both[] = { "pvc-b", "pvc-a" };

static int begin(void **state)
{
	pool_scene_init(&scene);
	for (size_t i = 0; i < 2; i++)
		pool_scene_create(&scene, both[i]);
	return 0;
}

static int end(void **state)
{
	pool_scene_done(&scene);
	return 0;
}

static int create(const char *name, const char *const *volumes, size_t count,
		  struct snapshot_group *group, struct error *err)
{
	*err = (struct error) { 0 };
	return snapshot_group_create(scene.pools, name, volumes, count, NULL, group, err);
}

static void create_both(struct snapshot_group *group)
{
	struct error err;
	if (create("group-1", both, 2, group, &err) != 0)
		fail_msg("%s", err.text);
}

static void a_group_has_a_snapshot_of_each_volume_that_names_it(void **state)
{
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	create_both(&group);
	assert_string_equal(group.id, "group-1");
	assert_int_equal(group.member_count, 2);
	assert_string_equal(group.members[0].source_volume, "pvc-a");
	assert_string_equal(group.members[1].source_volume, "pvc-b");
	assert_true(group.created_us > 0);
	for (size_t i = 0; i < 2; i++) {
		struct snapshot_record record;
		struct error err;
		assert_int_equal(snapshot_find(scene.pools, group.members[i].id, &record, &err), 0);
		assert_string_equal(record.group, "group-1");
	}
	assert_int_equal(pool_scene_count(&scene, "snapshots"), 2);
}

static void the_same_call_finds_the_same_group(void **state)
{
	static const char *const other_order[] = { "pvc-a", "pvc-b" };
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group again = SNAPSHOT_GROUP_INIT;
	struct error err;
	create_both(&group);
	pool_scene_restart(&scene);
	assert_int_equal(create("group-1", other_order, 2, &again, &err), 1);
	assert_int_equal(again.created_us, group.created_us);
	assert_string_equal(again.members[0].id, group.members[0].id);
	assert_int_equal(pool_scene_count(&scene, "snapshots"), 2);
}

static void the_name_with_other_volumes_is_taken(void **state)
{
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	struct error err;
	create_both(&group);
	assert_int_equal(create("group-1", both, 1, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
}

static void a_volume_that_is_not_there_leaves_nothing(void **state)
{
	static const char *const volumes[] = { "pvc-a", "pvc-x" };
	struct error err;
	assert_int_equal(create("group-1", volumes, 2, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(pool_scene_count(&scene, "snapshots"), 0);
	assert_int_equal(pool_scene_count(&scene, "groups"), 0);
}

static void a_volume_named_twice_and_no_volume_are_refused(void **state)
{
	static const char *const twice[] = { "pvc-a", "pvc-a" };
	struct error err;
	assert_int_equal(create("group-1", twice, 2, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(create("group-1", twice, 0, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void a_directory_cannot_stand_still(void **state)
{
	static const char *const volumes[] = { "pvc-a", "pvc-dir" };
	struct volume_spec spec = pool_scene_spec("pvc-dir");
	struct volume_record record;
	struct error err = { 0 };
	spec.parameters.backend = BACKEND_DIRECTORY;
	spec.parameters.enforce = false;
	if (volume_create(scene.pools, &spec, &record, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(create("group-1", volumes, 2, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "pvc-dir"));
}

static void a_group_that_is_not_there_is_not_found_and_deleted_already(void **state)
{
	struct snapshot_group group;
	struct error err = { 0 };
	assert_int_equal(snapshot_group_find(scene.pools, "group-1", &group, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(snapshot_group_find(scene.pools, "../x", &group, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(snapshot_group_delete(scene.pools, "group-1", NULL, 0, &err), 1);
	assert_int_equal(snapshot_group_delete(scene.pools, "../x", NULL, 0, &err), 1);
}

static void a_group_is_deleted_with_all_its_members_and_only_by_their_names(void **state)
{
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	struct error err = { 0 };
	create_both(&group);
	const char *ids[] = { group.members[1].id, group.members[0].id, "snapshot-x" };
	assert_int_equal(snapshot_group_delete(scene.pools, "group-1", ids, 1, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(snapshot_group_delete(scene.pools, "group-1", ids, 3, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(pool_scene_count(&scene, "snapshots"), 2);
	assert_int_equal(snapshot_group_delete(scene.pools, "group-1", ids, 2, &err), 0);
	assert_int_equal(pool_scene_count(&scene, "snapshots"), 0);
	assert_int_equal(pool_scene_count(&scene, "groups"), 0);
	assert_int_equal(snapshot_group_delete(scene.pools, "group-1", ids, 2, &err), 1);
}

static atomic_bool is_over;

static int create_and_delete(void)
{
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	struct error err = { .code = ERROR_BUSY };
	int outcome = -1;
	while (outcome < 0 && err.code == ERROR_BUSY)
		outcome = create("group-1", both, 2, &group, &err);
	if (outcome < 0)
		return -1;
	const char *const ids[] = { group.members[0].id, group.members[1].id };
	do
		outcome = snapshot_group_delete(scene.pools, "group-1", ids, 2, &err);
	while (outcome < 0 && err.code == ERROR_BUSY);
	return outcome;
}

static void *create_and_delete_often(void *context)
{
	int *outcome = context;
	for (unsigned round = 0; round < 50 && *outcome == 0; round++)
		*outcome = create_and_delete();
	is_over = true;
	return NULL;
}

static void a_group_that_is_being_deleted_is_not_told_to_be_damaged(void **state)
{
	pthread_t thread;
	struct error wrong = { 0 };
	int outcome = 0;
	is_over = false;
	assert_int_equal(pthread_create(&thread, NULL, create_and_delete_often, &outcome), 0);
	while (!is_over) {
		CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
		struct error err = { 0 };
		if (snapshot_group_find(scene.pools, "group-1", &group, &err) < 0 &&
		    err.code != ERROR_NOT_FOUND && err.code != ERROR_BUSY)
			wrong = err;
	}
	pthread_join(thread, NULL);
	assert_int_equal(outcome, 0);
	assert_string_equal(wrong.text, "");
}

/* Nor by a call that came before it was there: nothing is read without its lock. */
static void a_member_is_not_deleted_without_its_group(void **state)
{
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group again = SNAPSHOT_GROUP_INIT;
	struct error err = { 0 };
	create_both(&group);
	assert_int_equal(snapshot_delete(scene.pools, group.members[0].id, "", &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "group-1"));
	assert_int_equal(snapshot_group_find(scene.pools, "group-1", &again, &err), 0);
}

static void lose_record(void)
{
	CLEANUP_FREE char *path = must_printf("%s/pool/groups/group-1", scene.folder);
	assert_int_equal(unlink(path), 0);
}

static void members_without_a_group_are_removed_at_start(void **state)
{
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group whole = SNAPSHOT_GROUP_INIT;
	struct error err = { 0 };
	size_t count;
	create_both(&group);
	if (create("group-2", both, 2, &whole, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(snapshot_group_recover(scene.pools, &count, &err), 0);
	assert_int_equal(count, 0);
	lose_record();
	pool_scene_restart(&scene);
	assert_int_equal(snapshot_group_recover(scene.pools, &count, &err), 0);
	assert_int_equal(count, 2);
	assert_int_equal(pool_scene_count(&scene, "snapshots"), 2);
}

static void members_that_a_dead_process_left_are_not_taken_over(void **state)
{
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group again = SNAPSHOT_GROUP_INIT;
	struct error err = { 0 };
	create_both(&group);
	lose_record();
	assert_int_equal(snapshot_delete(scene.pools, group.members[0].id, "group-1", &err), 0);
	usleep(1000);
	if (create("group-1", both, 2, &again, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(again.member_count, 2);
	assert_true(again.created_us > group.members[1].created_us);
}

static void a_member_that_cannot_be_read_is_an_error_of_its_group(void **state)
{
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	struct snapshot_group again;
	struct error err = { 0 };
	create_both(&group);
	CLEANUP_FREE char *path =
		must_printf("%s/pool/snapshots/%s/record", scene.folder, group.members[0].id);
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(snapshot_group_find(scene.pools, "group-1", &again, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	const char *const ids[] = { group.members[0].id, group.members[1].id };
	assert_int_equal(snapshot_group_delete(scene.pools, "group-1", ids, 1, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(snapshot_group_delete(scene.pools, "group-1", ids, 2, &err), 0);
	assert_int_equal(pool_scene_count(&scene, "groups"), 0);
	assert_int_equal(pool_scene_count(&scene, "snapshots"), 1);
}

/* A watcher: a pod comes after the volumes were looked at, and before they are held. */
static int stage_block(void *context, uint64_t done_bytes, struct error *err)
{
	static const struct access block = { .block = true,
					     .mode = ACCESS_MULTI_WRITER,
					     .fs_type = "" };
	if (volume_stage(scene.pools, "pvc-block", scene.staging, &block, err) < 0)
		fail_msg("%s", err->text);
	return 0;
}

static void a_block_volume_that_a_pod_takes_meanwhile_is_not_cut(void **state)
{
	static const char *const volumes[] = { "pvc-a", "pvc-block" };
	const struct copy_watch watch = { .look = stage_block };
	struct volume_spec spec = pool_scene_spec("pvc-block");
	struct volume_record record;
	struct error err = { 0 };
	spec.block = true;
	if (volume_create(scene.pools, &spec, &record, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(
		snapshot_group_create(scene.pools, "group-1", volumes, 2, &watch, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "pvc-block"));
	assert_int_equal(pool_scene_count(&scene, "snapshots"), 0);
	assert_int_equal(volume_unstage(scene.pools, "pvc-block", scene.staging, &err), 0);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH(a_group_has_a_snapshot_of_each_volume_that_names_it),
		WITH(the_same_call_finds_the_same_group),
		WITH(the_name_with_other_volumes_is_taken),
		WITH(a_volume_that_is_not_there_leaves_nothing),
		WITH(a_volume_named_twice_and_no_volume_are_refused),
		WITH(a_directory_cannot_stand_still),
		WITH(a_group_that_is_not_there_is_not_found_and_deleted_already),
		WITH(a_group_is_deleted_with_all_its_members_and_only_by_their_names),
		WITH(a_group_that_is_being_deleted_is_not_told_to_be_damaged),
		WITH(a_member_is_not_deleted_without_its_group),
		WITH(members_without_a_group_are_removed_at_start),
		WITH(members_that_a_dead_process_left_are_not_taken_over),
		WITH(a_member_that_cannot_be_read_is_an_error_of_its_group),
		WITH(a_block_volume_that_a_pod_takes_meanwhile_is_not_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
