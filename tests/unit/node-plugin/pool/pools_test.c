/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pools.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/clock.h"
#include "fake_host.h"
#include "pool/choice.h"
#include "pool/pools_open.h"
#include "pool/room.h"
#include "pool_scene.h"
#include "pools_scene.h"
#include "record/layout.h"
#include "snapshot/group.h"
#include "snapshot/snapshot.h"
#include "test.h"
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/publish.h"
#include "volume/stage.h"
#include "volume/volume.h"

#define GIB (1ULL << 30)

static struct pools_scene scene;

static int set_up(void **state)
{
	pools_scene_init(&scene);
	return 0;
}

static int tear_down(void **state)
{
	pools_scene_done(&scene);
	return 0;
}

static int open_some(enum pool_policy policy, size_t count, struct error *err)
{
	scene.policy = policy;
	return pools_scene_open(&scene, count, err);
}

static void open_both(enum pool_policy policy)
{
	scene.policy = policy;
	pools_scene_open_both(&scene, 2);
}

static int create(const char *name, const char *pool, uint64_t bytes, struct error *err)
{
	struct volume_record record;
	struct volume_spec spec = pool_scene_spec(name);
	spec.parameters.pool = pool;
	spec.range.required_bytes = bytes;
	return volume_create(scene.pools, &spec, &record, err);
}

static bool lies_in(const char *path, const char *name)
{
	char volume[256];
	snprintf(volume, sizeof(volume), "%s/volumes/%s", path, name);
	return access(volume, F_OK) == 0;
}

static void the_pool_with_most_room_gets_the_volume(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_MOST_ROOM);
	assert_int_equal(create("pvc-1", NULL, 10 * GIB, &err), 0);
	assert_int_equal(create("pvc-2", NULL, 20 * GIB, &err), 0);
	assert_int_equal(create("pvc-3", NULL, 5 * GIB, &err), 0);
	assert_true(lies_in(scene.fast_path, "pvc-1"));
	assert_true(lies_in(scene.bulk_path, "pvc-2"));
	assert_true(lies_in(scene.fast_path, "pvc-3"));
}

static void the_first_pool_is_filled_before_the_next(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", NULL, 60 * GIB, &err), 0);
	assert_int_equal(create("pvc-2", NULL, 60 * GIB, &err), 0); /* passed over */
	assert_int_equal(create("pvc-3", NULL, 30 * GIB, &err), 0);
	assert_true(lies_in(scene.fast_path, "pvc-1"));
	assert_true(lies_in(scene.bulk_path, "pvc-2"));
	assert_true(lies_in(scene.fast_path, "pvc-3"));
}

static void only_when_none_has_room_there_is_none(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_MOST_ROOM);
	assert_int_equal(create("pvc-1", NULL, 60 * GIB, &err), 0);
	assert_int_equal(create("pvc-2", NULL, 70 * GIB, &err), 0);
	assert_int_equal(create("pvc-3", NULL, 50 * GIB, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_int_equal(create("pvc-4", NULL, 101 * GIB, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_int_equal(create("pvc-3", NULL, 35 * GIB, &err), 0);
	assert_int_equal(pools_volume_count(scene.pools), 3);
}

static void each_pool_keeps_its_own_reserve(void **state)
{
	struct error err = { 0 };
	scene.places[1].reserve_percent = 50;
	open_both(POOL_POLICY_MOST_ROOM);
	assert_int_equal(create("pvc-1", "bulk", 60 * GIB, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_int_equal(create("pvc-1", "fast", 60 * GIB, &err), 0);
	assert_int_equal(create("pvc-2", "bulk", 50 * GIB, &err), 0);
}

static void a_class_may_name_its_pool(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_MOST_ROOM);
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
	assert_true(lies_in(scene.bulk_path, "pvc-1"));
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 1);
	assert_int_equal(create("pvc-1", "fast", GIB, &err), -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_int_equal(create("pvc-2", "slow", GIB, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_non_null(strstr(err.text, "\"slow\""));
	assert_non_null(strstr(err.text, "fast, bulk"));
}

static void capacity_is_of_all_pools_that_serve_and_the_largest_of_one(void **state)
{
	struct error err = { 0 };
	struct pool_capacity capacity;
	struct parameters loop = { .backend = BACKEND_LOOP, .enforce = true };
	open_both(POOL_POLICY_MOST_ROOM);
	assert_int_equal(create("pvc-1", "fast", 30 * GIB, &err), 0);
	assert_int_equal(pool_choice_capacity(scene.pools, &loop, &capacity, &err), 0);
	/* Less what the image of the fake file system holds: no more than a few blocks. */
	assert_in_range(capacity.available_bytes, 170 * GIB, 170 * GIB + (1 << 20));
	assert_int_equal(capacity.largest_bytes, 100 * GIB);
	loop.pool = "fast";
	assert_int_equal(pool_choice_capacity(scene.pools, &loop, &capacity, &err), 0);
	assert_in_range(capacity.largest_bytes, 70 * GIB, 70 * GIB + (1 << 20));
	/* What is told can be had. */
	assert_int_equal(create("pvc-2", "fast", capacity.largest_bytes, &err), 0);
	assert_int_equal(pool_choice_capacity(scene.pools, &loop, &capacity, &err), 0);
	assert_true(capacity.largest_bytes < 1 << 20);
	struct parameters held = { .backend = BACKEND_DIRECTORY, .enforce = true };
	assert_int_equal(pool_choice_capacity(scene.pools, &held, &capacity, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
}

static void a_volume_of_a_missing_pool_is_not_said_to_be_gone(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	open_both(POOL_POLICY_MOST_ROOM);
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
	assert_int_equal(create("pvc-2", "fast", GIB, &err), 0);
	pools_scene_pull_out(&scene, scene.bulk_disk);
	assert_int_equal(open_some(POOL_POLICY_MOST_ROOM, 2, &err), 0);
	assert_int_equal(scene.pools->count, 1);
	assert_int_equal(access(scene.bulk_path, F_OK), -1); /* nothing is made in its place */

	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "pool bulk is missing"));
	assert_non_null(strstr(err.text, scene.bulk_path));
	assert_int_equal(volume_find(scene.pools, "pvc-1", &record, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(create("pvc-3", "bulk", GIB, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);

	/* The others are served. */
	assert_int_equal(volume_find(scene.pools, "pvc-2", &record, &err), 0);
	assert_int_equal(create("pvc-4", NULL, GIB, &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-2", &err), 0);
	assert_int_equal(pools_check(scene.pools, &err), 0);
}

/* What the missing pool could serve is unknown. */
static void what_a_missing_pool_may_serve_is_not_refused_for_good(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	struct pool_capacity capacity;
	struct volume_spec held = pool_scene_spec("pvc-1");
	held.parameters.backend = BACKEND_DIRECTORY;
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(volume_create(scene.pools, &held, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_int_equal(create("pvc-2", NULL, 101 * GIB, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);

	pools_scene_pull_out(&scene, scene.bulk_disk);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 2, &err), 0);
	assert_int_equal(volume_create(scene.pools, &held, &record, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "pool bulk is missing"));
	assert_int_equal(pool_choice_capacity(scene.pools, &held.parameters, &capacity, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(create("pvc-2", NULL, 101 * GIB, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);

	/* What names a pool that is there, or one that there never was, is as before. */
	assert_int_equal(create("pvc-2", "fast", 101 * GIB, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	held.parameters.pool = "fast";
	assert_int_equal(volume_create(scene.pools, &held, &record, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_int_equal(create("pvc-2", "slow", GIB, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
}

/* A pod of it goes all the same: that takes mounts away and no data. */
static void the_places_of_a_missing_pools_volume_are_cleared(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	char staging[96];
	struct volume_spec spec = pool_scene_spec("pvc-1");
	spec.parameters = (struct parameters) { .backend = BACKEND_DIRECTORY, .pool = "bulk" };
	snprintf(staging, sizeof(staging), "%s/staging", scene.folder);
	assert_int_equal(mkdir(staging, 0755), 0);
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(volume_create(scene.pools, &spec, &record, &err), 0);
	assert_int_equal(volume_stage(scene.pools, "pvc-1", staging, &pool_scene_writer, &err), 0);
	pools_scene_pull_out(&scene, scene.bulk_disk);
	for (size_t i = 1; i < FAKE_MOUNTS_MAX; i++)
		scene.fake->mounts[i].minor = 99; /* no disk of a pool that is there */
	assert_int_equal(open_some(POOL_POLICY_FIRST, 2, &err), 0);
	assert_int_equal(volume_unstage(scene.pools, "pvc-2", staging, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(fake_host_mounts_at(scene.fake, staging), 1);
	assert_int_equal(volume_unstage(scene.pools, "pvc-1", staging, &err), 0);
	assert_int_equal(fake_host_mounts_at(scene.fake, staging), 0);
	pools_scene_put_back(&scene, scene.bulk_disk);
	pools_look_again(scene.pools);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 0);
}

static void a_pool_comes_back_with_its_disk(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", "fast", GIB, &err), 0);
	pools_scene_pull_out(&scene, scene.fast_disk);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 2, &err), 0);
	pools_look_again(scene.pools);
	assert_int_equal(scene.pools->count, 1);
	assert_int_equal(volume_find(scene.pools, "pvc-1", &record, &err), -1);
	pools_scene_put_back(&scene, scene.fast_disk);
	pools_look_again(scene.pools);
	assert_int_equal(scene.pools->count, 2);
	assert_int_equal(volume_find(scene.pools, "pvc-1", &record, &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 1);
	/* And has its place in the order again. */
	assert_int_equal(create("pvc-2", NULL, GIB, &err), 0);
	assert_true(lies_in(scene.fast_path, "pvc-2"));
}

#define HANG_S 2

static void *look_again(void *context)
{
	pools_look_again(scene.pools);
	return NULL;
}

static void *end_the_hang(void *fifo)
{
	sleep(HANG_S);
	close(open(fifo, O_WRONLY | O_CLOEXEC));
	return NULL;
}

/* Its label is a FIFO, so that reading it takes until another thread opens that. */
static void a_missing_disk_that_hangs_keeps_no_call_waiting(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	pthread_t looking, ending;
	char label[192];
	open_both(POOL_POLICY_FIRST);
	pools_scene_pull_out(&scene, scene.bulk_disk);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 2, &err), 0);
	pools_scene_put_back(&scene, scene.bulk_disk);
	snprintf(label, sizeof(label), "%s/" LAYOUT_LABEL, scene.bulk_path);
	assert_int_equal(unlink(label), 0);
	assert_int_equal(mkfifo(label, 0600), 0);
	assert_int_equal(pthread_create(&looking, NULL, look_again, NULL), 0);
	assert_int_equal(pthread_create(&ending, NULL, end_the_hang, label), 0);
	usleep(200000);
	uint64_t begin_ms = clock_monotonic_ms();
	assert_int_equal(volume_find(scene.pools, "pvc-1", &record, &err), -1);
	uint64_t took_ms = clock_monotonic_ms() - begin_ms;
	pthread_join(looking, NULL);
	pthread_join(ending, NULL);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_true(took_ms < HANG_S * 1000 / 2);
}

/* Another pool's disk where the missing one belongs: its volumes are missing as before. */
static void another_pool_in_the_place_of_a_missing_one_is_not_taken_for_it(void **state)
{
	struct error err = { 0 };
	struct volume_record record;
	char other_disk[96], other_path[128];
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
	pools_scene_pull_out(&scene, scene.bulk_disk);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 2, &err), 0);

	snprintf(other_disk, sizeof(other_disk), "%s/other", scene.folder);
	snprintf(other_path, sizeof(other_path), "%s/pool", other_disk);
	assert_int_equal(mkdir(other_disk, 0755), 0);
	const struct pool_place other = { .name = "bulk", .path = other_path };
	struct pools *others = NULL;
	const struct pools_setup setup = { .places = &other,
					   .count = 1,
					   .host = &scene.fake->host };
	assert_int_equal(pools_open(&setup, &others, &err), 0);
	pools_close(others);
	assert_int_equal(rmdir(scene.bulk_disk), 0);
	assert_int_equal(rename(other_disk, scene.bulk_disk), 0);

	pools_look_again(scene.pools);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(volume_find(scene.pools, "pvc-1", &record, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	/* Once the right disk is there it is served, as if nothing had been. */
	assert_int_equal(rename(scene.bulk_disk, other_disk), 0);
	assert_int_equal(rename(scene.pulled, scene.bulk_disk), 0);
	pools_look_again(scene.pools);
	assert_int_equal(volume_find(scene.pools, "pvc-1", &record, &err), 0);
}

static void a_pool_that_is_no_longer_named_is_missed(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_MOST_ROOM);
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
	assert_int_equal(open_some(POOL_POLICY_MOST_ROOM, 1, &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "--pool does not name it"));
}

static void remove_neighbours_of(const char *pool_path)
{
	char path[256], file[520];
	snprintf(path, sizeof(path), "%s/neighbours", pool_path);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	unsigned removed = 0;
	for (const struct dirent *entry; (entry = readdir(dir));) {
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		removed += entry->d_name[0] != '.' && unlink(file) == 0;
	}
	closedir(dir);
	assert_int_equal(removed, 1);
}

static void a_pool_is_given_up_by_removing_its_label_from_the_others(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_MOST_ROOM);
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
	pools_scene_pull_out(&scene, scene.bulk_disk);
	remove_neighbours_of(scene.fast_path);
	open_both(POOL_POLICY_MOST_ROOM);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 1);
	assert_int_equal(create("pvc-2", "bulk", GIB, &err), 0);
}

static char staging[128], target[128];

static void bring_up(const char *id)
{
	struct error err = { 0 };
	snprintf(staging, sizeof(staging), "%s/staging-%s", scene.folder, id);
	snprintf(target, sizeof(target), "%s/target-%s", scene.folder, id);
	const struct volume_publication publication = { .staging_path = staging,
							.target_path = target,
							.access = &pool_scene_writer };
	assert_int_equal(mkdir(staging, 0700), 0);
	assert_outcome(volume_stage(scene.pools, id, staging, &pool_scene_writer, &err), 0, &err);
	assert_outcome(volume_publish(scene.pools, id, &publication, &err), 0, &err);
}

static void a_volume_that_is_there_twice_is_left_alone(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", NULL, GIB, &err), 0);
	pools_scene_pull_out(&scene, scene.fast_disk);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 2, &err), 0);
	assert_int_equal(create("pvc-1", NULL, GIB, &err), 0);
	bring_up("pvc-1");
	pools_scene_put_back(&scene, scene.fast_disk);
	pools_look_again(scene.pools);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_non_null(strstr(err.text, scene.fast_path));
	assert_non_null(strstr(err.text, scene.bulk_path));
	/* Its pod can end; what belongs to the volume's device waits. */
	assert_outcome(volume_unpublish(scene.pools, "pvc-1", target, &err), 0, &err);
	assert_int_equal(fake_host_mounts_at(scene.fake, target), 0);
	assert_int_equal(volume_unstage(scene.pools, "pvc-1", staging, &err), -1);
	assert_non_null(strstr(err.text, scene.fast_path));
	assert_int_equal(fake_host_mounts_at(scene.fake, staging), 1);
	assert_true(lies_in(scene.fast_path, "pvc-1"));
	assert_true(lies_in(scene.bulk_path, "pvc-1"));
}

static void a_pool_that_cannot_be_read_keeps_nobody_elses_volume(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
	bring_up("pvc-1");
	int *fast_fd = &pools_scene_pool(&scene, "fast")->volumes_fd, fd = *fast_fd;
	*fast_fd = -1;
	whereabouts_clear(&scene.pools->whereabouts);
	int unpublished = volume_unpublish(scene.pools, "pvc-1", target, &err);
	int unstaged = volume_unstage(scene.pools, "pvc-1", staging, &err);
	int deleted = volume_delete(scene.pools, "pvc-1", &err);
	*fast_fd = fd;
	assert_int_equal(unpublished, 0);
	assert_int_equal(unstaged, 0);
	assert_int_equal(deleted, -1); /* it may be there twice */
	assert_int_equal(fake_host_loop_count(scene.fake), 0);
}

/* When it was seen last, all pools were asked. */
static void a_volume_that_was_seen_in_one_pool_alone_is_not_looked_for_in_the_others(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
	int *fast_fd = &pools_scene_pool(&scene, "fast")->volumes_fd, fd = *fast_fd;
	*fast_fd = -1;
	bring_up("pvc-1");
	int unpublished = volume_unpublish(scene.pools, "pvc-1", target, &err);
	int unstaged = volume_unstage(scene.pools, "pvc-1", staging, &err);
	int deleted = volume_delete(scene.pools, "pvc-1", &err);
	*fast_fd = fd;
	assert_int_equal(unpublished, 0);
	assert_int_equal(unstaged, 0);
	assert_int_equal(deleted, 0);
}

static void the_volume_of_a_pool_that_cannot_be_read_leaves_its_pod_and_stays_staged(void **state)
{
	struct error err = { 0 };
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", "fast", GIB, &err), 0);
	bring_up("pvc-1");
	int *fast_fd = &pools_scene_pool(&scene, "fast")->volumes_fd, fd = *fast_fd;
	*fast_fd = -1;
	int unpublished = volume_unpublish(scene.pools, "pvc-1", target, &err);
	int unstaged = volume_unstage(scene.pools, "pvc-1", staging, &err);
	*fast_fd = fd;
	assert_int_equal(unpublished, 0);
	assert_int_equal(fake_host_mounts_at(scene.fake, target), 0);
	assert_int_equal(unstaged, -1);
	assert_int_equal(volume_unstage(scene.pools, "pvc-1", staging, &err), 0);
	assert_int_equal(fake_host_loop_count(scene.fake), 0);
}

static void without_any_pool_nothing_starts(void **state)
{
	struct error err = { 0 };
	assert_int_equal(rmdir(scene.fast_disk), 0);
	assert_int_equal(open_some(POOL_POLICY_MOST_ROOM, 1, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, scene.fast_path));
	assert_int_equal(mkdir(scene.fast_disk, 0755), 0);
}

static void a_damaged_label_is_made_anew(void **state)
{
	struct error err = { 0 };
	char label[256];
	assert_int_equal(open_some(POOL_POLICY_MOST_ROOM, 1, &err), 0);
	assert_int_equal(create("pvc-1", NULL, GIB, &err), 0);
	snprintf(label, sizeof(label), "%s/pool", scene.fast_path);
	assert_int_equal(truncate(label, 10), 0);
	assert_int_equal(open_some(POOL_POLICY_MOST_ROOM, 1, &err), 0);
	assert_int_equal(strlen(scene.pools->pools[0]->label.id), POOL_LABEL_ID_LENGTH);
	assert_int_equal(create("pvc-1", NULL, GIB, &err), 1);
}

static void a_pool_of_a_release_without_labels_gets_one(void **state)
{
	struct error err = { 0 };
	char label[256];
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
	snprintf(label, sizeof(label), "%s/pool", scene.bulk_path);
	assert_int_equal(unlink(label), 0);
	remove_neighbours_of(scene.fast_path);
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(access(label, F_OK), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 1);
}

/* The default pool, and then several in its stead. */
static void the_only_pool_is_missed_once_others_are_named_in_its_stead(void **state)
{
	struct error err = { 0 };
	char note[256], default_path[128];
	snprintf(default_path, sizeof(default_path), "%s/default", scene.folder);
	const struct pool_place first = { .name = "default", .path = default_path };
	struct pools_setup setup = { .places = &first,
				     .count = 1,
				     .host = &scene.fake->host,
				     .notes_folder = scene.folder };
	assert_int_equal(pools_open(&setup, &scene.pools, &err), 0);
	assert_int_equal(create("pvc-1", NULL, GIB, &err), 0);
	snprintf(note, sizeof(note), "%s/pools/%s", scene.folder, scene.pools->pools[0]->label.id);

	scene.notes = scene.folder;
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "pool default is missing: --pool does not name /"));
	assert_non_null(strstr(err.text, default_path));
	assert_non_null(strstr(err.text, note));
	assert_int_equal(create("pvc-2", NULL, GIB, &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-2", &err), 0);

	/* Given up. The neighbours never met it. */
	assert_int_equal(unlink(note), 0);
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 1);
}

/* As when the chart's dataDir is changed: a new pool is made there, and the old one counts as
 * missing. */
static void the_same_name_in_another_place_is_another_pool(void **state)
{
	struct error err = { 0 };
	char elsewhere[128];
	scene.notes = scene.folder;
	assert_int_equal(open_some(POOL_POLICY_FIRST, 1, &err), 0);
	assert_int_equal(create("pvc-1", NULL, GIB, &err), 0);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", scene.folder);
	scene.places[0].path = elsewhere;
	if (open_some(POOL_POLICY_FIRST, 1, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, scene.fast_path));
	assert_int_equal(create("pvc-2", "fast", GIB, &err), 0);
	assert_true(lies_in(elsewhere, "pvc-2"));
	/* And so it stays. */
	assert_int_equal(open_some(POOL_POLICY_FIRST, 1, &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(volume_delete(scene.pools, "pvc-2", &err), 0);
	/* Named under a name that is free, it is served again. */
	scene.places[1].path = scene.fast_path;
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 1);
}

static void a_renamed_pool_is_the_one_that_it_was(void **state)
{
	struct error err = { 0 };
	scene.notes = scene.folder;
	assert_int_equal(open_some(POOL_POLICY_FIRST, 1, &err), 0);
	assert_int_equal(create("pvc-1", NULL, GIB, &err), 0);
	scene.places[0].name = "swift";
	assert_int_equal(open_some(POOL_POLICY_FIRST, 1, &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-2", &err), 1);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 0);
}

static void the_only_pool_is_not_made_anew_where_its_disk_is_missing(void **state)
{
	struct error err = { 0 };
	scene.notes = scene.folder;
	assert_int_equal(open_some(POOL_POLICY_FIRST, 1, &err), 0);
	assert_int_equal(create("pvc-1", NULL, GIB, &err), 0);
	pools_scene_pull_out(&scene, scene.fast_disk);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 1, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, scene.fast_path));
	assert_non_null(strstr(err.text, "/pools/"));
	assert_int_equal(access(scene.fast_path, F_OK), -1);
	pools_scene_put_back(&scene, scene.fast_disk);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 1, &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), 0);
}

static void a_pool_is_not_made_anew_where_a_link_to_it_led_nowhere(void **state)
{
	char data[128], link[128], through[160];
	struct error err = { 0 };
	snprintf(data, sizeof(data), "%s/data", scene.bulk_disk);
	snprintf(link, sizeof(link), "%s/link", scene.folder);
	snprintf(through, sizeof(through), "%s/pool", link);
	assert_int_equal(mkdir(data, 0755) || symlink(data, link), 0);
	scene.notes = scene.folder;
	scene.places[1].path = through;
	open_both(POOL_POLICY_FIRST);
	pools_scene_pull_out(&scene, scene.bulk_disk);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 2, &err), 0);
	assert_int_equal(scene.pools->count, 1);
	assert_int_equal(mkdir(data, 0755), 0);
	pools_look_again(scene.pools);
	assert_int_equal(scene.pools->count, 1);
	assert_int_equal(rmdir(data), 0);
	pools_scene_put_back(&scene, scene.bulk_disk);
	pools_look_again(scene.pools);
	assert_int_equal(scene.pools->count, 2);
	assert_int_equal(pools_check_missing(scene.pools, scene.pools->count, NULL, &err), 0);
}

/* Then what its neighbours know has to do. */
static void without_a_folder_for_notes_pools_are_served_all_the_same(void **state)
{
	struct error err = { 0 };
	scene.notes = "/nonexistent/folder";
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 1, &err), 0);
	assert_int_equal(volume_delete(scene.pools, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
}

struct asking {
	pthread_barrier_t begun;
	struct error err;
	int outcome;
};

/* Until the volume can be told of. */
static void *delete_pvc_1(void *context)
{
	struct asking *asking = context;
	pthread_barrier_wait(&asking->begun);
	do {
		asking->outcome = volume_delete(scene.pools, "pvc-1", &asking->err);
	} while (asking->outcome < 0 && asking->err.code == ERROR_UNAVAILABLE);
	return NULL;
}

/* A call that looked before it was there, and asks afterwards whether one is missing. */
static void a_volume_is_not_said_to_be_gone_while_its_pool_comes_back(void **state)
{
	open_both(POOL_POLICY_FIRST);
	for (unsigned round = 0; round < 10; round++) {
		pthread_t thread;
		struct error err = { 0 };
		struct asking asking = { .outcome = 0 };
		assert_int_equal(create("pvc-1", "bulk", GIB, &err), 0);
		pools_scene_pull_out(&scene, scene.bulk_disk);
		assert_int_equal(open_some(POOL_POLICY_FIRST, 2, &err), 0);
		pools_scene_put_back(&scene, scene.bulk_disk);
		pthread_barrier_init(&asking.begun, NULL, 2);
		assert_int_equal(pthread_create(&thread, NULL, delete_pvc_1, &asking), 0);
		pthread_barrier_wait(&asking.begun);
		assert_int_equal(pools_look_again(scene.pools), 1);
		pthread_join(thread, NULL);
		pthread_barrier_destroy(&asking.begun);
		assert_int_equal(asking.outcome, 0);
		assert_false(lies_in(scene.bulk_path, "pvc-1"));
	}
}

static char group_ids[2][ID_MAX + 1];

/* pvc-1 in fast, pvc-2 in bulk; the group's record lies with pvc-1. */
static void make_group(void)
{
	struct error err = { 0 };
	const char *const volumes[] = { "pvc-1", "pvc-2" };
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	open_both(POOL_POLICY_FIRST);
	assert_int_equal(create("pvc-1", "fast", GIB, &err), 0);
	assert_int_equal(create("pvc-2", "bulk", GIB, &err), 0);
	if (snapshot_group_create(scene.pools, "group-1", volumes, 2, NULL, &group, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < 2; i++)
		strcpy(group_ids[i], group.members[i].id);
}

static int delete_group(size_t members, struct error *err)
{
	const char *const ids[] = { group_ids[0], group_ids[1] };
	return snapshot_group_delete(scene.pools, "group-1", ids, members, err);
}

static unsigned count_members(void)
{
	struct snapshot_record record;
	return (snapshot_find(scene.pools, group_ids[0], &record, NULL) == 0) +
	       (snapshot_find(scene.pools, group_ids[1], &record, NULL) == 0);
}

/* Neither is it deleted in part, whichever members are named, nor said to be gone or damaged. */
static void a_group_waits_for_the_pool_of(const char *disk, unsigned members_there)
{
	struct error err = { 0 };
	size_t removed = 0;
	const char *const volumes[] = { "pvc-1", "pvc-2" };
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	make_group();
	pools_scene_pull_out(&scene, disk);
	assert_int_equal(open_some(POOL_POLICY_FIRST, 2, &err), 0);
	for (size_t named = 0; named <= 2; named++) {
		assert_int_equal(delete_group(named, &err), -1);
		assert_int_equal(err.code, ERROR_UNAVAILABLE);
	}
	assert_int_equal(snapshot_group_recover(scene.pools, &removed, &err), 0);
	assert_int_equal(removed, 0);
	assert_int_equal(count_members(), members_there);
	assert_int_equal(snapshot_group_find(scene.pools, "group-1", &group, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(
		snapshot_group_create(scene.pools, "group-1", volumes, 2, NULL, &group, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);

	pools_scene_put_back(&scene, disk);
	assert_int_equal(pools_look_again(scene.pools), 1);
	assert_int_equal(count_members(), 2);
	assert_int_equal(delete_group(2, &err), 0);
	assert_int_equal(count_members(), 0);
	assert_int_equal(delete_group(2, &err), 1);
}

static void a_group_is_not_deleted_without_the_pool_of_a_member(void **state)
{
	a_group_waits_for_the_pool_of(scene.bulk_disk, 1);
}

static void a_group_is_not_deleted_without_the_pool_of_its_record(void **state)
{
	a_group_waits_for_the_pool_of(scene.fast_disk, 1);
}

int main(void)
{
#define WITH_POOLS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_POOLS(the_pool_with_most_room_gets_the_volume),
		WITH_POOLS(the_first_pool_is_filled_before_the_next),
		WITH_POOLS(only_when_none_has_room_there_is_none),
		WITH_POOLS(each_pool_keeps_its_own_reserve),
		WITH_POOLS(a_class_may_name_its_pool),
		WITH_POOLS(capacity_is_of_all_pools_that_serve_and_the_largest_of_one),
		WITH_POOLS(a_volume_of_a_missing_pool_is_not_said_to_be_gone),
		WITH_POOLS(what_a_missing_pool_may_serve_is_not_refused_for_good),
		WITH_POOLS(the_places_of_a_missing_pools_volume_are_cleared),
		WITH_POOLS(a_pool_comes_back_with_its_disk),
		WITH_POOLS(a_missing_disk_that_hangs_keeps_no_call_waiting),
		WITH_POOLS(another_pool_in_the_place_of_a_missing_one_is_not_taken_for_it),
		WITH_POOLS(a_pool_that_is_no_longer_named_is_missed),
		WITH_POOLS(a_pool_is_given_up_by_removing_its_label_from_the_others),
		WITH_POOLS(a_volume_that_is_there_twice_is_left_alone),
		WITH_POOLS(a_pool_that_cannot_be_read_keeps_nobody_elses_volume),
		WITH_POOLS(
			a_volume_that_was_seen_in_one_pool_alone_is_not_looked_for_in_the_others),
		WITH_POOLS(
			the_volume_of_a_pool_that_cannot_be_read_leaves_its_pod_and_stays_staged),
		WITH_POOLS(without_any_pool_nothing_starts),
		WITH_POOLS(a_damaged_label_is_made_anew),
		WITH_POOLS(a_pool_of_a_release_without_labels_gets_one),
		WITH_POOLS(the_only_pool_is_missed_once_others_are_named_in_its_stead),
		WITH_POOLS(the_same_name_in_another_place_is_another_pool),
		WITH_POOLS(a_renamed_pool_is_the_one_that_it_was),
		WITH_POOLS(the_only_pool_is_not_made_anew_where_its_disk_is_missing),
		WITH_POOLS(a_pool_is_not_made_anew_where_a_link_to_it_led_nowhere),
		WITH_POOLS(without_a_folder_for_notes_pools_are_served_all_the_same),
		WITH_POOLS(a_volume_is_not_said_to_be_gone_while_its_pool_comes_back),
		WITH_POOLS(a_group_is_not_deleted_without_the_pool_of_a_member),
		WITH_POOLS(a_group_is_not_deleted_without_the_pool_of_its_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
