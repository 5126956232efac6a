/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two pools on two disks, one with btrfs and one with ext4, through the plugin's socket; and what
 * happens while one of the disks is not mounted.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "folder/folder.h"
#include "folder/subvolume.h"
#include "loop_disk.h"
#include "node_client.h"
#include "node_test.h"
#include "test.h"
#include "text_file.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

static struct loop_disk btrfs, ext4;

static int set_up(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	int length = snprintf(scene.pool, sizeof(scene.pool), "fast=%s/pool,bulk=%s/pool",
			      btrfs.path, ext4.path);
	scene.more_flags[0] = "--reserve-percent=5,bulk=10";
	node_scene_start(&scene);
	return length >= (int)sizeof(scene.pool);
}

static struct node_volume volume_of(const char *name, const char *backend, const char *pool)
{
	return (struct node_volume) { .name = name,
				      .backend = backend,
				      .fs_type = "",
				      .size_bytes = 64 * MIB,
				      .enforce = true,
				      .pool = pool };
}

static bool is_in(const struct loop_disk *disk, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/pool/volumes/%s", disk->path, name);
	return access(path, F_OK) == 0;
}

static void restart(void)
{
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	node_scene_start(&scene);
}

static void a_class_gets_a_pool_that_can_serve_it(void **state)
{
	struct error err = { 0 };
	struct node_volume named = volume_of("pvc-1", "loop", "bulk");
	struct node_volume held = volume_of("pvc-2", "directory", NULL);
	struct node_volume impossible = volume_of("pvc-3", "directory", "bulk");
	assert_int_equal(node_client_create(scene.channel, &named, &err), 0);
	assert_true(is_in(&ext4, "pvc-1"));
	assert_int_equal(node_client_create(scene.channel, &held, &err), 0);
	assert_true(is_in(&btrfs, "pvc-2"));
	assert_refused(node_client_create(scene.channel, &impossible, &err), ERROR_EXHAUSTED, &err,
		       "pool bulk");
	struct node_volume unknown = volume_of("pvc-4", "loop", "slow");
	assert_refused(node_client_create(scene.channel, &unknown, &err), ERROR_EXHAUSTED, &err,
		       "fast, bulk");
}

static int open_data(const struct loop_disk *disk, const char *folder, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/pool/%s/%s/data", disk->path, folder, name);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void delete_both(void)
{
	struct error err = { 0 };
	assert_int_equal(node_client_delete(scene.channel, "sub-1", &err), 0);
	assert_int_equal(node_client_delete(scene.channel, "sub-2", &err), 0);
}

static void a_subvolume_is_copied_to_a_pool_that_has_none(void **state)
{
	struct error err = { 0 };
	struct node_volume source = volume_of("sub-1", "directory", "fast");
	struct node_volume restored = volume_of("sub-2", "directory", "bulk");
	assert_int_equal(node_client_create(scene.channel, &source, &err), 0);
	CLEANUP_CLOSE int source_fd = open_data(&btrfs, "volumes", "sub-1");
	text_file_write(source_fd, "file", "before");
	assert_int_equal(node_client_snapshot(scene.channel, "snap-1", "sub-1", &err), 0);
	text_file_write(source_fd, "file", "after!");
	restored.source_snapshot = "snap-1";
	restored.enforce = false;
	if (node_client_create(scene.channel, &restored, &err) < 0)
		fail_msg("%s", err.text);
	CLEANUP_CLOSE int restored_fd = open_data(&ext4, "volumes", "sub-2");
	text_file_check(restored_fd, "file", "before");
	assert_int_equal(node_client_delete_snapshot(scene.channel, "snap-1", &err), 0);
	delete_both();
}

/* Each subvolume begins its inodes at the same number. */
static void names_of_one_file_are_told_from_those_of_another_subvolume(void **state)
{
	struct error err = { 0 };
	struct node_volume source = volume_of("sub-1", "directory", "fast");
	struct node_volume cloned = volume_of("sub-2", "directory", "bulk");
	CLEANUP_CLOSE int inner_fd = -1;
	assert_int_equal(node_client_create(scene.channel, &source, &err), 0);
	CLEANUP_CLOSE int source_fd = open_data(&btrfs, "volumes", "sub-1");
	text_file_write(source_fd, "one", "outer");
	assert_int_equal(linkat(source_fd, "one", source_fd, "two", 0), 0);
	assert_int_equal(subvolume_create(source_fd, "inner", &err), 0);
	assert_int_equal(folder_open(source_fd, "inner", &inner_fd, &err), 0);
	text_file_write(inner_fd, "one", "inner");
	assert_int_equal(linkat(inner_fd, "one", inner_fd, "two", 0), 0);
	cloned.source_volume = "sub-1";
	cloned.enforce = false;
	if (node_client_create(scene.channel, &cloned, &err) < 0)
		fail_msg("%s", err.text);
	CLEANUP_CLOSE int cloned_fd = open_data(&ext4, "volumes", "sub-2");
	text_file_check(cloned_fd, "two", "outer");
	text_file_check(cloned_fd, "inner/one", "inner");
	text_file_check(cloned_fd, "inner/two", "inner");
	delete_both();
}

static void capacity_tells_what_a_class_can_get_and_no_more(void **state)
{
	struct error err = { 0 };
	struct node_capacity fast, bulk, both, held, none;
	struct node_volume class = volume_of("", "loop", "fast");
	assert_int_equal(node_client_capacity(scene.channel, &class, &fast, &err), 0);
	class.pool = "bulk";
	assert_int_equal(node_client_capacity(scene.channel, &class, &bulk, &err), 0);
	class.pool = NULL;
	assert_int_equal(node_client_capacity(scene.channel, &class, &both, &err), 0);
	print_message(
		"fast %llu, bulk %llu, both %llu, largest %llu\n",
		(unsigned long long)fast.maximum_bytes, (unsigned long long)bulk.maximum_bytes,
		(unsigned long long)both.available_bytes, (unsigned long long)both.maximum_bytes);
	assert_true(fast.maximum_bytes > bulk.maximum_bytes && bulk.maximum_bytes > 0);
	assert_in_range(both.available_bytes, fast.available_bytes + bulk.available_bytes - MIB,
			fast.available_bytes + bulk.available_bytes + MIB);
	assert_int_equal(both.maximum_bytes, fast.maximum_bytes);
	assert_true(both.minimum_bytes > 0);

	class = volume_of("", "directory", NULL);
	assert_int_equal(node_client_capacity(scene.channel, &class, &held, &err), 0);
	assert_in_range(held.available_bytes, fast.available_bytes - MIB,
			fast.available_bytes + MIB);
	class.pool = "bulk";
	assert_int_equal(node_client_capacity(scene.channel, &class, &none, &err), 0);
	assert_int_equal(none.available_bytes, 0);
	assert_int_equal(none.maximum_bytes, 0);
	assert_true(node_scene_logs(&scene, "class has no room here", "pool=bulk"));

	/* The largest can be had, and nothing larger. */
	struct node_volume larger = volume_of("pvc-9", "loop", "bulk");
	larger.size_bytes = bulk.maximum_bytes + MIB;
	assert_int_equal(node_client_create(scene.channel, &larger, &err), -1);
	larger.size_bytes = bulk.maximum_bytes - MIB;
	assert_int_equal(node_client_create(scene.channel, &larger, &err), 0);
	assert_int_equal(node_client_delete(scene.channel, "pvc-9", &err), 0);
}

static void while_a_disk_is_missing_its_volumes_are_unavailable_and_the_others_served(void **state)
{
	struct error err = { 0 };
	struct node_volume held = volume_of("pvc-2", "directory", NULL);
	struct node_volume fresh = volume_of("pvc-5", "loop", NULL);
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	loop_disk_unmount(&ext4);
	node_scene_start(&scene);
	assert_true(node_scene_logs(&scene, "pool is missing", "pool=bulk"));
	assert_refused(node_client_delete(scene.channel, "pvc-1", &err), ERROR_UNAVAILABLE, &err,
		       "bulk");
	assert_int_equal(node_client_stage(scene.channel, &held, scene.staging, &err), 0);
	assert_int_equal(node_client_unstage(scene.channel, "pvc-2", scene.staging, &err), 0);
	assert_int_equal(node_client_create(scene.channel, &fresh, &err), 0);
	assert_true(is_in(&btrfs, "pvc-5"));
	assert_int_equal(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), 0);

	assert_true(loop_disk_mount(&ext4, "ext4", NULL));
	restart();
	assert_int_equal(node_client_delete(scene.channel, "pvc-1", &err), 0);
	assert_int_equal(node_client_delete(scene.channel, "pvc-2", &err), 0);
	assert_int_equal(node_client_delete(scene.channel, "pvc-5", &err), 0);
	assert_false(is_in(&ext4, "pvc-1"));
}

static void restart_with(const char *pools)
{
	assert_true(strlen(pools) < sizeof(scene.pool));
	strcpy(scene.pool, pools);
	restart();
}

static void remove_note(const char *pool_path)
{
	char label[256], id[64] = "", note[256];
	snprintf(label, sizeof(label), "%s/pool", pool_path);
	FILE *file = fopen(label, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "kentledge-pool 1 id=%32s", id), 1);
	fclose(file);
	snprintf(note, sizeof(note), "pools/%s", id);
	assert_int_equal(unlink(node_scene_path(&scene, note)), 0);
}

/* The last, since the other pools know of the default one afterwards. */
static void
volumes_of_the_default_pool_are_not_said_to_be_gone_when_it_is_no_longer_named(void **state)
{
	struct error err = { 0 };
	struct node_volume old = volume_of("pvc-7", "loop", NULL);
	const char *pool_path = node_scene_path(&scene, "pool");
	char several[sizeof(scene.pool)];
	strcpy(several, scene.pool);
	scene.more_flags[0] = NULL;
	restart_with(pool_path);
	assert_int_equal(node_client_create(scene.channel, &old, &err), 0);
	restart_with(several);
	assert_refused(node_client_delete(scene.channel, "pvc-7", &err), ERROR_UNAVAILABLE, &err,
		       "pool default is missing");
	assert_non_null(strstr(err.text, pool_path));
	remove_note(pool_path);
	restart();
	assert_int_equal(node_client_delete(scene.channel, "pvc-7", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_class_gets_a_pool_that_can_serve_it),
		cmocka_unit_test(a_subvolume_is_copied_to_a_pool_that_has_none),
		cmocka_unit_test(names_of_one_file_are_told_from_those_of_another_subvolume),
		cmocka_unit_test(capacity_tells_what_a_class_can_get_and_no_more),
		cmocka_unit_test(
			while_a_disk_is_missing_its_volumes_are_unavailable_and_the_others_served),
		cmocka_unit_test(
			volumes_of_the_default_pool_are_not_said_to_be_gone_when_it_is_no_longer_named),
	};
	if (!node_scene_can_mount() || !loop_disk_make(&btrfs, "btrfs", "", 2 * GIB, NULL))
		return 77;
	int outcome = 77;
	if (loop_disk_make(&ext4, "ext4", "-b 4096", GIB, NULL)) {
		outcome = cmocka_run_group_tests(tests, set_up, node_test_tear_down);
		loop_disk_remove(&ext4);
	}
	loop_disk_remove(&btrfs);
	return outcome;
}
