/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Volumes on the real kernel, through the plugin's socket: from creation to deletion, with each
 * backend and file system.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "csi/client.h"
#include "node_client.h"
#include "node_test.h"
#include "refused_call.h"
#include "test.h"

#define MIB (1ULL << 20)

static unsigned refused_call;

static const struct node_volume ext4 = {
	.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
};
static const struct node_volume xfs = {
	.name = "pvc-1", .backend = "loop", .fs_type = "xfs", .size_bytes = 300 * MIB
};
static const struct node_volume btrfs = {
	.name = "pvc-1", .backend = "loop", .fs_type = "btrfs", .size_bytes = 256 * MIB
};
static const struct node_volume directory = {
	.name = "pvc-1", .backend = "directory", .fs_type = "", .size_bytes = 64 * MIB
};

/* One plugin for all: each test cleans up behind itself, and the last one ends it. */
static int set_up(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	scene.refused_call = refused_call;
	node_scene_start(&scene);
	return 0;
}

static void write_file(const char *folder, const char *content)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/index.html", folder);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(fsync(fd), 0);
}

static void check_file(const char *folder, const char *content)
{
	char path[512];
	CLEANUP_FREE char *found = NULL;
	struct error err = { 0 };
	snprintf(path, sizeof(path), "%s/index.html", folder);
	assert_int_equal(file_read(path, 1000, &found, NULL, &err), 0);
	assert_string_equal(found, content);
}

/* As initdb wants its folder. */
static void check_empty(const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, NULL);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	assert_int_equal(count, 2); /* . and .. */
}

/* Says what the plugin said, if it was not content. */
static void up(const struct node_volume *volume)
{
	struct error err = { 0 };
	assert_done(node_scene_bring_up(&scene, volume, &err), &err);
}

static void down(const struct node_volume *volume)
{
	struct error err = { 0 };
	assert_done(node_scene_take_down(&scene, volume->name, &err), &err);
	assert_int_equal(node_scene_mounts(&scene), 0);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
	node_scene_expect_empty_trash(&scene);
	assert_int_equal(access(scene.target, F_OK), -1);
}

static void cycle(const struct node_volume *volume)
{
	struct error err = { 0 };
	bool loop = strcmp(volume->backend, "loop") == 0;
	up(volume);
	assert_int_equal(node_scene_mounts(&scene), 2);
	assert_int_equal(node_scene_loops(&scene), loop);
	check_empty(scene.target);
	write_file(scene.target, "web-0");
	/* The pod goes and comes again. */
	assert_done(node_client_unpublish(scene.channel, volume->name, scene.target, &err), &err);
	assert_done(node_client_unstage(scene.channel, volume->name, scene.staging, &err), &err);
	assert_int_equal(node_scene_mounts(&scene), 0);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_done(node_client_stage(scene.channel, volume, scene.staging, &err), &err);
	assert_done(node_client_publish(scene.channel, volume, scene.staging, scene.target, false,
					&err),
		    &err);
	check_file(scene.target, "web-0");
	down(volume);
}

static void an_ext4_volume_keeps_its_data(void **state)
{
	cycle(&ext4);
}

static void an_xfs_volume_keeps_its_data(void **state)
{
	cycle(&xfs);
}

static void a_btrfs_volume_keeps_its_data(void **state)
{
	cycle(&btrfs);
}

static void a_directory_volume_keeps_its_data(void **state)
{
	cycle(&directory);
}

static void each_call_may_come_twice(void **state)
{
	const struct node_volume *volumes[] = { &ext4, &btrfs, &directory };
	for (size_t i = 0; i < 3; i++) {
		struct error err = { 0 };
		const struct node_volume *volume = volumes[i];
		up(volume);
		up(volume);
		assert_int_equal(node_scene_mounts(&scene), 2);
		for (int again = 0; again < 2; again++)
			assert_done(node_client_unpublish(scene.channel, volume->name, scene.target,
							  &err),
				    &err);
		for (int again = 0; again < 2; again++)
			assert_done(node_client_unstage(scene.channel, volume->name, scene.staging,
							&err),
				    &err);
		down(volume);
		assert_done(node_client_delete(scene.channel, volume->name, &err), &err);
	}
}

static void read_only_is_read_only_for_that_target_alone(void **state)
{
	struct error err = { 0 };
	const char *second = node_scene_path(&scene, "target-2");
	char path[512];
	up(&ext4);
	assert_done(node_client_publish(scene.channel, &ext4, scene.staging, second, true, &err),
		    &err);
	write_file(scene.target, "written");
	check_file(second, "written");
	snprintf(path, sizeof(path), "%s/index.html", second);
	assert_int_equal(open(path, O_WRONLY | O_CLOEXEC), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(
		node_client_publish(scene.channel, &ext4, scene.staging, second, false, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_done(node_client_unpublish(scene.channel, ext4.name, second, &err), &err);
	down(&ext4);
}

static void a_volume_ends_at_its_size_and_the_disk_is_spared(void **state)
{
	static char block[1 << 20];
	struct stat image;
	char path[512];
	up(&ext4);
	memset(block, 'x', sizeof(block));
	snprintf(path, sizeof(path), "%s/big", scene.target);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	uint64_t written = 0;
	ssize_t got;
	while ((got = write(fd, block, sizeof(block))) > 0 && written < 4 * ext4.size_bytes)
		written += (uint64_t)got;
	assert_int_equal(got, -1);
	assert_int_equal(errno, ENOSPC);
	assert_true(written > ext4.size_bytes / 2 && written < ext4.size_bytes);
	assert_int_equal(fsync(fd), 0);
	close(TAKE_FD(fd));
	snprintf(path, sizeof(path), "%s/volumes/pvc-1/image", scene.pool);
	assert_int_equal(stat(path, &image), 0);
	assert_int_equal(image.st_size, ext4.size_bytes);
	assert_true((uint64_t)image.st_blocks * 512 <= ext4.size_bytes + MIB);
	down(&ext4);
}

static void a_volume_in_use_is_not_deleted_and_says_where_it_is_used(void **state)
{
	const struct node_volume *volumes[] = { &ext4, &btrfs, &directory };
	for (size_t i = 0; i < 3; i++) {
		struct error err = { 0 };
		up(volumes[i]);
		write_file(scene.target, "kept");
		assert_refused(node_client_delete(scene.channel, "pvc-1", &err), ERROR_IN_USE, &err,
			       scene.folder);
		check_file(scene.target, "kept");
		down(volumes[i]);
	}
}

static void a_mount_on_top_of_a_target_never_costs_data(void **state)
{
	const struct node_volume *volumes[] = { &ext4, &directory };
	for (size_t i = 0; i < 2; i++) {
		struct error err = { 0 };
		up(volumes[i]);
		write_file(scene.target, "kept");
		assert_int_equal(mount(scene.target, scene.target, NULL, MS_BIND, NULL), 0);
		assert_int_equal(mount("tmpfs", scene.target, "tmpfs", 0, NULL), 0);
		assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err),
			    &err);
		assert_int_equal(access(scene.target, F_OK), -1);
		check_file(scene.staging, "kept");
		down(volumes[i]);
	}
}

static void mount_flags_reach_the_kernel_or_its_refusal_reaches_the_caller(void **state)
{
	struct error err = { 0 };
	struct statvfs vfs;
	struct node_volume volume = ext4;
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	volume.mount_flag = "nosuchoption";
	assert_refused(node_client_stage(scene.channel, &volume, scene.staging, &err),
		       ERROR_INVALID, &err, "nosuchoption");
	assert_non_null(strstr(err.text, "Unknown parameter"));
	assert_int_equal(node_scene_mounts(&scene), 0);
	assert_int_equal(node_scene_loops(&scene), 0);
	volume.mount_flag = "noatime";
	assert_done(node_client_stage(scene.channel, &volume, scene.staging, &err), &err);
	assert_int_equal(statvfs(scene.staging, &vfs), 0);
	assert_true(vfs.f_flag & ST_NOATIME);
	assert_done(node_client_publish(scene.channel, &volume, scene.staging, scene.target, false,
					&err),
		    &err);
	assert_int_equal(statvfs(scene.target, &vfs), 0);
	assert_true(vfs.f_flag & ST_NOATIME);
	down(&volume);
}

static void the_figures_are_those_of_the_file_system(void **state)
{
	struct error err = { 0 };
	struct statvfs vfs;
	uint64_t bytes = 0, inodes = 0;
	up(&ext4);
	assert_int_equal(statvfs(scene.target, &vfs), 0);
	assert_done(node_client_stats(scene.channel, "pvc-1", scene.target, &bytes, &inodes, &err),
		    &err);
	assert_int_equal(bytes, vfs.f_blocks * vfs.f_frsize);
	assert_int_equal(inodes, vfs.f_files);
	assert_int_equal(
		node_client_stats(scene.channel, "pvc-1", scene.folder, &bytes, &inodes, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	down(&ext4);
}

static void a_device_attached_by_hand_is_used_and_not_doubled(void **state)
{
	struct error err = { 0 };
	char command[512];
	assert_done(node_client_create(scene.channel, &ext4, &err), &err);
	snprintf(command, sizeof(command), "losetup -f %s/volumes/pvc-1/image", scene.pool);
	if (system(command) != 0)
		skip();
	assert_int_equal(node_scene_loops(&scene), 1);
	assert_done(node_client_stage(scene.channel, &ext4, scene.staging, &err), &err);
	assert_int_equal(node_scene_loops(&scene), 1);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static void the_pool_can_lie_on_a_file_system_that_is_mounted_there(void **state)
{
	struct error err = { 0 };
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	char below[256];
	node_scene_make_folder(&scene, "disk");
	snprintf(below, sizeof(below), "%s", node_scene_path(&scene, "disk/kentledge"));
	/* it is the pool that the plugin had */
	assert_int_equal(rename(scene.pool, below), 0);
	assert_int_equal(mkdir(scene.pool, 0700), 0);
	assert_int_equal(mount(below, scene.pool, NULL, MS_BIND, NULL), 0);
	node_scene_start(&scene);
	up(&directory);
	write_file(scene.target, "kept");
	up(&directory);
	assert_int_equal(node_client_delete(scene.channel, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_done(node_scene_take_down(&scene, "pvc-1", &err), &err);
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	assert_int_equal(umount(scene.pool), 0);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ext4_volume_keeps_its_data),
		cmocka_unit_test(an_xfs_volume_keeps_its_data),
		cmocka_unit_test(a_btrfs_volume_keeps_its_data),
		cmocka_unit_test(a_directory_volume_keeps_its_data),
		cmocka_unit_test(each_call_may_come_twice),
		cmocka_unit_test(read_only_is_read_only_for_that_target_alone),
		cmocka_unit_test(a_volume_ends_at_its_size_and_the_disk_is_spared),
		cmocka_unit_test(a_volume_in_use_is_not_deleted_and_says_where_it_is_used),
		cmocka_unit_test(a_mount_on_top_of_a_target_never_costs_data),
		cmocka_unit_test(mount_flags_reach_the_kernel_or_its_refusal_reaches_the_caller),
		cmocka_unit_test(the_figures_are_those_of_the_file_system),
		cmocka_unit_test(a_device_attached_by_hand_is_used_and_not_doubled),
		cmocka_unit_test(the_pool_can_lie_on_a_file_system_that_is_mounted_there),
	};
	int failed = cmocka_run_group_tests(tests, set_up, node_test_tear_down);
	refused_call = STATMOUNT_NUMBER; /* mountinfo has to do */
	return failed + cmocka_run_group_tests(tests, set_up, node_test_tear_down);
}
