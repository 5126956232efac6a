/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pool.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool/room.h"
#include "pool_scene.h"
#include "test.h"
#include "volume/delete.h"
#include "volume/volume.h"

#define GIB (1ULL << 30)

static struct pool_scene scene;

static int set_up(void **state)
{
	pool_scene_init(&scene);
	return 0;
}

static int tear_down(void **state)
{
	pool_scene_done(&scene);
	return 0;
}

static void only_one_process_has_a_pool(void **state)
{
	struct pool *second = NULL;
	const struct pool_place place = { .name = "second", .path = scene.pool->site.path };
	struct error err = { 0 };
	assert_int_equal(pool_open(&place, &scene.fake->host, &second, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, scene.pool->site.path));
}

static void no_other_user_may_look_into_a_pool(void **state)
{
	struct stat st;
	assert_int_equal(stat(scene.pool->site.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static int reserve(uint64_t bytes, bool elsewhere, struct error *err)
{
	return pool_reserve(scene.pool,
			    &(struct pool_promise) { .bytes = bytes, .elsewhere = elsewhere }, err);
}

static int reserve_ephemeral(uint64_t bytes, struct error *err)
{
	return pool_reserve(
		scene.pool,
		&(struct pool_promise) { .bytes = bytes, .ephemeral = true, .share_percent = 10 },
		err);
}

static void inline_volumes_have_a_share_of_the_pool(void **state)
{
	struct error err = { 0 };
	/* A tenth of 95 GiB. */
	assert_int_equal(reserve_ephemeral(9 * GIB, &err), 0);
	assert_int_equal(reserve_ephemeral(GIB, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(
		strstr(err.text, "no room for 1Gi among the inline volumes in pool default"));
	assert_non_null(strstr(err.text, "(10 percent), and 9Gi are promised already"));
	/* Others are not kept to it, and what ends is given back. */
	assert_int_equal(reserve(80 * GIB, false, &err), 0);
	pool_release(scene.pool, 9 * GIB, true);
	assert_int_equal(reserve_ephemeral(GIB, &err), 0);
}

static void promises_are_kept_within_the_disk(void **state)
{
	struct error err = { 0 };
	/* 100 GiB less 5 percent. */
	assert_int_equal(reserve(60 * GIB, false, &err), 0);
	assert_int_equal(reserve(36 * GIB, false, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "no room for 36Gi in pool default of this node: "
					 "about 32Gi are left for volumes"));
	assert_int_equal(reserve(35 * GIB, false, &err), 0);
	pool_release(scene.pool, 60 * GIB, false);
	assert_int_equal(reserve(60 * GIB, false, &err), 0);
}

static void what_can_never_fit_is_out_of_range_unless_another_node_may_serve(void **state)
{
	struct error err = { 0 };
	assert_int_equal(reserve(96 * GIB, false, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_int_equal(reserve(96 * GIB, true, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "capacity_range: 96Gi can never fit in pool default of "
					 "this node, which holds about 80Gi for volumes"));
}

static void promises_are_counted_again_at_start(void **state)
{
	struct capacity_space space;
	struct error err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	pool_scene_create(&scene, "pvc-2");
	pool_scene_restart(&scene);
	assert_int_equal(pool_space(scene.pool, &space, &err), 0);
	assert_int_equal(space.promised_bytes, 2 * GIB);
	assert_int_equal(pool_volume_count(scene.pool), 2);
}

/* As a person does who gets a folder back from a backup. */
static void a_volume_that_came_back_by_hand_can_be_deleted_without_harm_to_the_books(void **state)
{
	struct capacity_space space;
	struct error err = { 0 };
	char folder[256], aside[256];
	pool_scene_create(&scene, "pvc-1");
	snprintf(folder, sizeof(folder), "%s/pool/volumes/pvc-1", scene.folder);
	snprintf(aside, sizeof(aside), "%s/aside", scene.folder);
	assert_int_equal(rename(folder, aside), 0);
	pool_scene_restart(&scene);
	assert_int_equal(rename(aside, folder), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 0);
	assert_int_equal(pool_space(scene.pool, &space, &err), 0);
	assert_int_equal(space.promised_bytes, 0);
	assert_int_equal(pool_volume_count(scene.pool), 0);
	pool_scene_create(&scene, "pvc-2");
}

static void what_an_image_holds_already_does_not_count_twice(void **state)
{
	struct capacity_space before, after;
	struct error err = { 0 };
	char image[256];
	static const char zeros[1 << 20];
	pool_scene_create(&scene, "pvc-1");
	assert_int_equal(pool_space(scene.pool, &before, &err), 0);
	snprintf(image, sizeof(image), "%s/pool/volumes/pvc-1/image", scene.folder);
	int fd = open(image, O_WRONLY | O_CLOEXEC);
	for (int i = 0; i < 8; i++)
		assert_int_equal(pwrite(fd, zeros, sizeof(zeros), i * (off_t)sizeof(zeros)),
				 sizeof(zeros));
	fsync(fd);
	close(fd);
	/* The fake's disk does not shrink by itself. */
	scene.fake->usage.available_bytes -= 8 << 20;
	assert_int_equal(pool_space(scene.pool, &after, &err), 0);
	uint64_t lost = capacity_room(&before) - capacity_room(&after);
	assert_true(lost < 1 << 20);
}

static void what_was_half_made_is_gone_after_a_restart(void **state)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/pool/tmp/pvc-1.7", scene.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/image");
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	pool_scene_restart(&scene);
	assert_int_equal(pool_scene_count(&scene, "tmp"), 0);
	assert_int_equal(pool_scene_count(&scene, "trash"), 0);
}

static void what_another_thread_removes_from_the_trash_is_left_to_it(void **state)
{
	struct error err = { 0 };
	char path[256];
	snprintf(path, sizeof(path), "%s/pool/trash/pvc-1.7", scene.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	struct lock removal = { 0 };
	assert_int_equal(lock_take(&scene.pool->removals, LOCK_TRASH, "pvc-1.7", &removal, &err),
			 0);
	assert_int_equal(pool_empty_trash(scene.pool, NULL, &err), 0);
	assert_int_equal(pool_scene_count(&scene, "trash"), 1);
	lock_done(&removal);
	assert_int_equal(pool_empty_trash(scene.pool, NULL, &err), 0);
	assert_int_equal(pool_scene_count(&scene, "trash"), 0);
}

static void a_pool_that_was_taken_away_is_noticed(void **state)
{
	struct error err = { 0 };
	char moved[PATH_MAX + 8];
	assert_int_equal(pool_check(scene.pool, &err), 0);
	snprintf(moved, sizeof(moved), "%s.moved", scene.pool->site.path);
	assert_int_equal(rename(scene.pool->site.path, moved), 0);
	assert_int_equal(pool_check(scene.pool, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(mkdir(scene.pool->site.path, 0700), 0);
	assert_int_equal(pool_check(scene.pool, &err), -1);
	assert_non_null(strstr(err.text, "another folder"));
	assert_int_equal(rmdir(scene.pool->site.path), 0);
	assert_int_equal(rename(moved, scene.pool->site.path), 0);
	assert_int_equal(pool_check(scene.pool, &err), 0);
}

static void a_pool_whose_parent_is_missing_cannot_be_opened(void **state)
{
	struct pool *pool = NULL;
	const struct pool_place place = { .name = "lost", .path = "/nonexistent/pool" };
	struct error err = { 0 };
	assert_int_equal(pool_open(&place, &scene.fake->host, &pool, &err), -1);
	assert_non_null(strstr(err.text, "/nonexistent/pool"));
}

static void make_read_only(const char *path)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		skip(); /* only root can mount */
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount(path, path, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
}

/* A disk that the kernel made read-only after an error: its pods must still be able to go. */
static void a_pool_on_a_read_only_disk_is_opened_but_is_not_ready(void **state)
{
	struct volume_record record;
	struct error err = { 0 };
	pool_scene_create(&scene, "pvc-1");
	char path[PATH_MAX];
	strcpy(path, scene.pool->site.path);
	make_read_only(path);
	pool_scene_restart(&scene);
	assert_int_equal(volume_find(scene.pools, "pvc-1", &record, &err), 0);
	assert_int_equal(pool_check(scene.pool, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "Read-only"));
	pools_close(TAKE(scene.pools));
	assert_int_equal(umount2(path, 0), 0);
	pool_scene_restart(&scene);
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		POOL_TEST(only_one_process_has_a_pool),
		POOL_TEST(no_other_user_may_look_into_a_pool),
		POOL_TEST(inline_volumes_have_a_share_of_the_pool),
		POOL_TEST(promises_are_kept_within_the_disk),
		POOL_TEST(what_can_never_fit_is_out_of_range_unless_another_node_may_serve),
		POOL_TEST(promises_are_counted_again_at_start),
		POOL_TEST(a_volume_that_came_back_by_hand_can_be_deleted_without_harm_to_the_books),
		POOL_TEST(what_an_image_holds_already_does_not_count_twice),
		POOL_TEST(what_was_half_made_is_gone_after_a_restart),
		POOL_TEST(what_another_thread_removes_from_the_trash_is_left_to_it),
		POOL_TEST(a_pool_that_was_taken_away_is_noticed),
		POOL_TEST(a_pool_whose_parent_is_missing_cannot_be_opened),
		POOL_TEST(a_pool_on_a_read_only_disk_is_opened_but_is_not_ready),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
