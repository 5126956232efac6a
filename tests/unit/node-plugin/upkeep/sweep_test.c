/* SPDX-License-Identifier: Apache-2.0 */
#include "upkeep/sweep.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fake_host.h"
#include "pool_scene.h"
#include "pools_scene.h"
#include "snapshot/create.h"
#include "snapshot/group.h"
#include "snapshot/snapshot.h"
#include "test.h"
#include "volume/create.h"
#include "volume/stage.h"

static struct pools_scene scene;
static char staging[96];

static int set_up(void **state)
{
	pools_scene_init(&scene);
	snprintf(staging, sizeof(staging), "%s/staging", scene.folder);
	assert_int_equal(mkdir(staging, 0755), 0);
	pools_scene_open_both(&scene, 2);
	return 0;
}

static int tear_down(void **state)
{
	pools_scene_done(&scene);
	return 0;
}

static void create(const char *name, const char *pool)
{
	struct error err = { 0 };
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec(name);
	spec.parameters.pool = pool;
	if (volume_create(scene.pools, &spec, &record, &err) < 0)
		fail_msg("%s", err.text);
}

/* The recovery, and one round. */
static void sweep_once(void)
{
	struct error err = { 0 };
	struct sweep *sweep = NULL;
	if (sweep_new(scene.pools, NULL, &sweep, &err) < 0)
		fail_msg("%s", err.text);
	sweep_free(sweep);
}

static void restart_without_disk(void)
{
	pools_scene_pull_out(&scene, scene.bulk_disk);
	pools_scene_open_both(&scene, 1);
	sweep_once();
}

static const char *intent(void)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/freeze/pvc-1", scene.bulk_path);
	return path;
}

/* As a process leaves it that is killed while it holds the volume still. */
static void freeze(void)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int mount_fd = open(staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int intent_fd = open(intent(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(mount_fd >= 0 && intent_fd >= 0);
	assert_int_equal(scene.fake->host.freeze(&scene.fake->host, mount_fd, &err), 0);
}

static void stage_and_freeze(void)
{
	struct error err = { 0 };
	create("pvc-1", "bulk");
	assert_int_equal(volume_stage(scene.pools, "pvc-1", staging, &pool_scene_writer, &err), 0);
	freeze();
	assert_int_equal(fake_host_frozen_count(scene.fake), 1);
}

static void what_was_left_frozen_is_thawed_when_its_pool_is_back(void **state)
{
	stage_and_freeze();
	restart_without_disk();
	assert_int_equal(fake_host_frozen_count(scene.fake), 1);
	pools_scene_put_back(&scene, scene.bulk_disk);
	sweep_once();
	assert_int_equal(fake_host_frozen_count(scene.fake), 0);
	assert_int_equal(access(intent(), F_OK), -1);
}

/* A call holds its volume's lock as long as it holds the volume still. */
static void what_a_call_holds_still_is_left_alone(void **state)
{
	struct error err = { 0 };
	struct lock lock = { 0 };
	stage_and_freeze();
	assert_int_equal(lock_take(&scene.pools->locks, LOCK_VOLUME, "pvc-1", &lock, &err), 0);
	sweep_once();
	assert_int_equal(fake_host_frozen_count(scene.fake), 1);
	assert_int_equal(access(intent(), F_OK), 0);
	lock_done(&lock);
	sweep_once();
	assert_int_equal(fake_host_frozen_count(scene.fake), 0);
}

static bool round_begun, thawed, thawed_before;
static int (*fake_thaw)(struct host *host, int mount_fd, struct error *err);
static int (*fake_mend)(struct host *host, int fd, struct error *err);

static int note_thaw(struct host *host, int mount_fd, struct error *err)
{
	thawed = true;
	thawed_before = !round_begun;
	return fake_thaw(host, mount_fd, err);
}

static int note_round(struct host *host, int fd, struct error *err)
{
	round_begun = true;
	return fake_mend(host, fd, err);
}

static void recovery_comes_before_the_first_round(void **state)
{
	struct host *host = &scene.fake->host;
	struct sweep *sweep = NULL;
	struct error err = { 0 };
	stage_and_freeze();
	fake_thaw = host->thaw;
	fake_mend = host->mend_quota;
	host->thaw = note_thaw;
	host->mend_quota = note_round;
	assert_int_equal(sweep_new(scene.pools, NULL, &sweep, &err), 0);
	assert_true(thawed);
	sweep_free(sweep);
	assert_true(thawed_before);
	assert_true(round_begun);
}

static atomic_bool fast_answers, bulk_mended;

static int hang_in_fast(struct host *host, int fd, struct error *err)
{
	while (fd == pools_scene_pool(&scene, "fast")->site.root_fd && !fast_answers)
		usleep(10000);
	if (fd == pools_scene_pool(&scene, "bulk")->site.root_fd)
		bulk_mended = true;
	return 0;
}

static void a_pool_that_hangs_keeps_the_sweep_from_no_other(void **state)
{
	struct sweep *sweep = NULL;
	struct error err = { 0 };
	scene.fake->host.mend_quota = hang_in_fast;
	assert_ptr_equal(scene.pools->pools[0], pools_scene_pool(&scene, "fast"));
	assert_int_equal(sweep_new(scene.pools, NULL, &sweep, &err), 0);
	for (unsigned i = 0; i < 3000 && !bulk_mended; i++)
		usleep(10000);
	assert_true(bulk_mended);
	assert_false(fast_answers);
	fast_answers = true;
	sweep_free(sweep);
}

static void make_strays(void)
{
	struct error err = { 0 };
	const char *const volumes[] = { "pvc-1", "pvc-2" };
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	char record[256];
	create("pvc-1", "bulk");
	create("pvc-2", "fast");
	if (snapshot_group_create(scene.pools, "group-1", volumes, 2, NULL, &group, &err) < 0)
		fail_msg("%s", err.text);
	snprintf(record, sizeof(record), "%s/groups/group-1", scene.bulk_path);
	assert_int_equal(unlink(record), 0);
}

static size_t count_snapshots(void)
{
	struct error err = { 0 };
	const struct snapshot_filter all = { .after = "", .source_volume = "", .max = 10 };
	CLEANUP_FREE struct snapshot_record *records = NULL;
	size_t count = 0;
	bool more;
	assert_int_equal(snapshot_list(scene.pools, &all, &records, &count, &more, &err), 0);
	return count;
}

static void members_of_an_unfinished_group_go_when_their_pool_is_back(void **state)
{
	make_strays();
	restart_without_disk();
	assert_int_equal(count_snapshots(), 1); /* its group may be in the missing pool */
	pools_scene_put_back(&scene, scene.bulk_disk);
	sweep_once();
	assert_int_equal(scene.pools->count, 2);
	assert_int_equal(count_snapshots(), 0);
}

static void members_of_a_group_that_is_being_made_stay(void **state)
{
	struct error err = { 0 };
	struct lock lock = { 0 };
	make_strays();
	assert_int_equal(lock_take(&scene.pools->locks, LOCK_GROUP, "group-1", &lock, &err), 0);
	sweep_once();
	assert_int_equal(count_snapshots(), 2);
	lock_done(&lock);
	sweep_once();
	assert_int_equal(count_snapshots(), 0);
}

static const char *path_in(const char *name)
{
	static char paths[2][256];
	static unsigned next;
	char *path = paths[next++ % 2];
	snprintf(path, sizeof(paths[0]), "%s/%s", scene.fast_path, name);
	return path;
}

static void set_age(const char *name, int hours)
{
	const time_t then = time(NULL) - (time_t)hours * 3600;
	const struct timespec times[2] = { { .tv_sec = then }, { .tv_sec = then } };
	assert_int_equal(utimensat(AT_FDCWD, path_in(name), times, 0), 0);
}

/* A copy that a call left in tmp/, so that it can be gone on with. */
static void leave_copy(const char *name, int image_hours, int folder_hours)
{
	char image[64];
	snprintf(image, sizeof(image), "%s/image", name);
	assert_int_equal(mkdir(path_in(name), 0700), 0);
	CLEANUP_CLOSE int fd = open(path_in(image), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	set_age(image, image_hours);
	set_age(name, folder_hours);
}

static bool is_there(const char *name)
{
	return access(path_in(name), F_OK) == 0;
}

static void a_copy_that_nobody_came_back_to_for_a_day_goes(void **state)
{
	leave_copy("tmp/+snapshot.old", 25, 30);
	leave_copy("tmp/+volume.old", 25, 30);
	leave_copy("tmp/+snapshot.young", 23, 23);
	leave_copy("tmp/+snapshot.written", 1, 30);
	leave_copy("tmp/+volume.begun", 30, 1);
	leave_copy("tmp/pvc-7.1", 30, 30); /* is none */
	sweep_once();
	assert_false(is_there("tmp/+snapshot.old"));
	assert_false(is_there("tmp/+volume.old"));
	assert_true(is_there("tmp/+snapshot.young"));
	assert_true(is_there("tmp/+snapshot.written"));
	assert_true(is_there("tmp/+volume.begun"));
	assert_true(is_there("tmp/pvc-7.1"));
}

static void a_copy_that_a_call_works_on_stays_however_old(void **state)
{
	struct error err = { 0 };
	struct lock snapshot = { 0 }, volume = { 0 };
	leave_copy("tmp/+snapshot.one", 30, 30);
	leave_copy("tmp/+volume.other", 30, 30);
	assert_int_equal(lock_take(&scene.pools->locks, LOCK_SNAPSHOT, "one", &snapshot, &err), 0);
	assert_int_equal(lock_take(&scene.pools->locks, LOCK_VOLUME, "other", &volume, &err), 0);
	sweep_once();
	assert_true(is_there("tmp/+snapshot.one"));
	assert_true(is_there("tmp/+volume.other"));
	lock_done(&snapshot);
	lock_done(&volume);
	sweep_once();
	assert_false(is_there("tmp/+snapshot.one"));
	assert_false(is_there("tmp/+volume.other"));
}

static int go_away(void *context, uint64_t done_bytes, struct error *err)
{
	return error_set(err, ERROR_CANCELLED, "the caller went away");
}

static void a_copy_that_somebody_came_back_to_stays_for_another_day(void **state)
{
	struct error err = { 0 };
	struct snapshot_record record;
	const struct snapshot_spec spec = { .name = "one", .source_volume = "pvc-1", .group = "" };
	const struct copy_watch watch = { .look = go_away };
	create("pvc-1", "fast");
	leave_copy("tmp/+snapshot.one", 30, 30);
	assert_int_equal(snapshot_create(scene.pools, &spec, &watch, &record, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	set_age("tmp/+snapshot.one/image", 30);
	sweep_once();
	assert_true(is_there("tmp/+snapshot.one"));
	/* Nor does a restart take it. */
	pools_scene_open_both(&scene, 2);
	assert_true(is_there("tmp/+snapshot.one"));
}

int main(void)
{
#define WITH_POOLS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_POOLS(what_was_left_frozen_is_thawed_when_its_pool_is_back),
		WITH_POOLS(recovery_comes_before_the_first_round),
		WITH_POOLS(a_pool_that_hangs_keeps_the_sweep_from_no_other),
		WITH_POOLS(what_a_call_holds_still_is_left_alone),
		WITH_POOLS(members_of_an_unfinished_group_go_when_their_pool_is_back),
		WITH_POOLS(members_of_a_group_that_is_being_made_stay),
		WITH_POOLS(a_copy_that_nobody_came_back_to_for_a_day_goes),
		WITH_POOLS(a_copy_that_a_call_works_on_stays_however_old),
		WITH_POOLS(a_copy_that_somebody_came_back_to_stays_for_another_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
