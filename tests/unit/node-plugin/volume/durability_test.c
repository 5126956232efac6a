/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/create.h"
#include "volume/delete.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pool/room.h"
#include "pool_scene.h"
#include "test.h"

/*
 * What was answered with OK is still true after a power failure: the folder whose entries tell it
 * was fsynced before the answer, by whichever of the calls was answered. And a disk that fails to
 * sync does not bring the books out of step with the folders.
 */

#define ID "pvc-1"
#define SIZE (1ULL << 30)

static struct pool_scene scene;
static struct volume_spec spec;

static struct {
	bool watched;
	bool fails;
	unsigned count;
} syncs; /* of the folder volumes/ */

static bool is_same(int fd, int other_fd)
{
	struct stat a, b;
	return fstat(fd, &a) == 0 && fstat(other_fd, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* In place of the C library's. */
int fsync(int fd)
{
	if (syncs.watched && is_same(fd, scene.pool->volumes_fd)) {
		syncs.count++;
		if (syncs.fails) {
			errno = EIO;
			return -1;
		}
	}
	return (int)syscall(SYS_fsync, fd);
}

static int set_up(void **state)
{
	pool_scene_init(&scene);
	spec = pool_scene_spec(ID);
	syncs.fails = false;
	return 0;
}

static int tear_down(void **state)
{
	pool_scene_done(&scene);
	return 0;
}

static void watch(void)
{
	syncs.watched = true;
	syncs.count = 0;
}

static int create(void)
{
	struct volume_record record;
	struct error err = { 0 };
	watch();
	int outcome = volume_create(scene.pools, &spec, &record, &err);
	syncs.watched = false;
	return outcome;
}

static int remove_volume(void)
{
	struct error err = { 0 };
	watch();
	int outcome = volume_delete(scene.pools, ID, &err);
	syncs.watched = false;
	return outcome;
}

static void check_promised(uint64_t bytes)
{
	struct capacity_space space;
	struct error err = { 0 };
	assert_int_equal(pool_space(scene.pool, &space, &err), 0);
	assert_int_equal(space.promised_bytes, bytes);
	assert_int_equal(pool_volume_count(scene.pool), bytes ? 1 : 0);
}

static void a_volume_lasts_before_its_creation_is_answered(void **state)
{
	assert_int_equal(create(), 0);
	assert_true(syncs.count > 0);
}

/* Its maker may have died between the rename and the fsync. */
static void a_volume_that_is_found_lasts_before_that_is_answered(void **state)
{
	assert_int_equal(create(), 0);
	assert_int_equal(create(), 1);
	assert_true(syncs.count > 0);
}

static void a_removal_lasts_before_it_is_answered(void **state)
{
	assert_int_equal(create(), 0);
	assert_int_equal(remove_volume(), 0);
	assert_true(syncs.count > 0);
}

static void an_absence_lasts_before_it_is_answered(void **state)
{
	assert_int_equal(remove_volume(), 1);
	assert_true(syncs.count > 0);
}

static void a_volume_whose_creation_could_not_be_synced_keeps_its_room(void **state)
{
	syncs.fails = true;
	assert_int_equal(create(), -1);
	assert_int_equal(pool_scene_count(&scene, "volumes"), 1);
	check_promised(SIZE);
	assert_int_equal(create(), -1);
	syncs.fails = false;
	assert_int_equal(create(), 1);
	check_promised(SIZE);
}

static void a_volume_whose_removal_could_not_be_synced_gives_its_room_back(void **state)
{
	assert_int_equal(create(), 0);
	syncs.fails = true;
	assert_int_equal(remove_volume(), -1);
	assert_int_equal(pool_scene_count(&scene, "volumes"), 0);
	check_promised(0);
	assert_int_equal(remove_volume(), -1);
	syncs.fails = false;
	assert_int_equal(remove_volume(), 1);
	check_promised(0);
	struct error err = { 0 };
	assert_int_equal(pool_empty_trash(scene.pool, NULL, &err), 0);
}

/* "Not found" means to the provisioner that there is nothing left to remove. */
static void a_removal_that_fails_does_not_look_like_an_absence(void **state)
{
	char trash[128];
	struct error err = { 0 };
	assert_int_equal(create(), 0);
	snprintf(trash, sizeof(trash), "%s/pool/trash", scene.folder);
	assert_int_equal(rmdir(trash), 0);
	assert_int_equal(volume_delete(scene.pools, ID, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "trash"));
	assert_int_equal(pool_scene_count(&scene, "volumes"), 1);
	pool_scene_restart(&scene);
	assert_int_equal(remove_volume(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_volume_lasts_before_its_creation_is_answered,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_volume_that_is_found_lasts_before_that_is_answered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_removal_lasts_before_it_is_answered, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_absence_lasts_before_it_is_answered, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_volume_whose_creation_could_not_be_synced_keeps_its_room, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_volume_whose_removal_could_not_be_synced_gives_its_room_back, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_removal_that_fails_does_not_look_like_an_absence,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
