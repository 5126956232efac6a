/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Calls that take long, or wait for a disk, do not keep others from being served. On the real
 * kernel: the file system of a pool is frozen (FIFREEZE), so that whatever writes to it waits for
 * as long as the test likes. Reading goes on, other than from a disk that does not answer at all.
 */

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/fs.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "loop_disk.h"
#include "node_client.h"
#include "node_scene.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define CALLERS 8
#define POD "pvc-pod"
#define PATIENCE_MS 20000

static struct loop_disk disk;
static struct node_scene scene;

/* What a caller does again and again is what a kubelet or provisioner does once. */
struct caller {
	pthread_t thread;
	unsigned number;
	char id[32];
	char target[256];
	struct error err;
	int outcome;
	atomic_bool has_ended;
};

static struct caller callers[CALLERS];
static atomic_uint ended;

static void freeze(void)
{
	CLEANUP_CLOSE int fd = open(disk.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, FIFREEZE, 0), 0);
}

static void thaw(void)
{
	CLEANUP_CLOSE int fd = open(disk.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ioctl(fd, FITHAW, 0);
}

static void prepare_callers(void)
{
	atomic_store(&ended, 0);
	for (unsigned i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller) { .number = i };
		snprintf(callers[i].id, sizeof(callers[i].id), "csi-%u", i);
		snprintf(callers[i].target, sizeof(callers[i].target), "%s/target-%u", scene.folder,
			 i);
	}
}

static int set_up(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	snprintf(scene.pool, sizeof(scene.pool), "%s/pool", disk.path);
	node_scene_start(&scene);
	prepare_callers();
	return 0;
}

/* A pool remembers its neighbours, so each test has its own. */
static int set_up_with_two_pools(void **state)
{
	static unsigned number;
	char pool[2 * sizeof(scene.pool)];
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	int length = snprintf(pool, sizeof(pool), "fast=%s/fast,bulk=%s/bulk-%u", scene.folder,
			      disk.path, number++);
	assert_true(length < (int)sizeof(scene.pool));
	memcpy(scene.pool, pool, (size_t)length + 1);
	node_scene_start(&scene);
	prepare_callers();
	return 0;
}

static int tear_down(void **state)
{
	thaw();
	node_scene_done(&scene);
	return 0;
}

static struct node_volume volume_of(const char *name, const char *backend, const char *pool)
{
	return (struct node_volume) { .name = name,
				      .backend = backend,
				      .fs_type = "",
				      .size_bytes = 64 * MIB,
				      .pool = pool };
}

static void bring_up_pod(const char *backend, const char *pool)
{
	struct error err = { 0 };
	struct node_volume volume = volume_of(POD, backend, pool);
	assert_done(node_scene_bring_up(&scene, &volume, &err), &err);
}

static void end_pod(void)
{
	struct error err = { 0 };
	assert_done(node_client_unpublish(scene.channel, POD, scene.target, &err), &err);
	assert_done(node_client_unstage(scene.channel, POD, scene.staging, &err), &err);
}

static void begin(void *(*run)(void *caller))
{
	for (unsigned i = 0; i < CALLERS; i++)
		pthread_create(&callers[i].thread, NULL, run, &callers[i]);
	usleep(300000); /* for them to come as far as they can */
}

static void join(void)
{
	for (unsigned i = 0; i < CALLERS; i++)
		pthread_join(callers[i].thread, NULL);
}

static void *publish_thick(void *context)
{
	struct caller *caller = context;
	uint64_t give_up_ms = clock_monotonic_ms() + PATIENCE_MS;
	/* On a slow disk these zeroes are long work, and not all get a place at once. */
	do
		caller->outcome = node_client_publish_ephemeral(scene.channel, caller->id, "64Mi",
								"provisioning", "thick",
								caller->target, &caller->err);
	while (caller->outcome < 0 && caller->err.code == ERROR_BUSY &&
	       clock_monotonic_ms() < give_up_ms && usleep(100000) == 0);
	atomic_fetch_add(&ended, 1);
	return NULL;
}

static void *create_in_bulk(void *context)
{
	struct caller *caller = context;
	struct node_volume volume = volume_of(caller->id, "loop", "bulk");
	caller->outcome = node_client_create(scene.channel, &volume, &caller->err);
	atomic_fetch_add(&ended, 1);
	return NULL;
}

static void *delete (void *context)
{
	struct caller *caller = context;
	caller->outcome = node_client_delete(scene.channel, caller->id, &caller->err);
	atomic_fetch_add(&ended, 1);
	return NULL;
}

static void *snapshot(void *context)
{
	struct caller *caller = context;
	caller->outcome =
		node_client_snapshot(scene.channel, caller->id, "pvc-source", &caller->err);
	atomic_fetch_add(&ended, 1);
	return NULL;
}

static void create_each(const char *pool)
{
	struct error err = { 0 };
	for (unsigned i = 0; i < CALLERS; i++) {
		struct node_volume volume = volume_of(callers[i].id, "loop", pool);
		assert_done(node_client_create(scene.channel, &volume, &err), &err);
	}
}

static void all_were_served(void)
{
	for (unsigned i = 0; i < CALLERS; i++)
		assert_done(callers[i].outcome, &callers[i].err);
}

/* The pod's volume is a directory: to unmount it, nothing is written to the pool. */
static void a_pod_ends_while_they_wait(void *(*run)(void *caller))
{
	freeze();
	begin(run);
	end_pod();
	assert_int_equal(atomic_load(&ended), 0);
	thaw();
	join();
	all_were_served();
}

static void a_pod_ends_while_thick_inline_volumes_are_made(void **state)
{
	struct error err = { 0 };
	bring_up_pod("directory", NULL);
	a_pod_ends_while_they_wait(publish_thick);
	for (unsigned i = 0; i < CALLERS; i++)
		assert_done(node_client_unpublish(scene.channel, callers[i].id, callers[i].target,
						  &err),
			    &err);
	assert_done(node_client_delete(scene.channel, POD, &err), &err);
}

static void a_pod_ends_while_volumes_are_deleted(void **state)
{
	struct error err = { 0 };
	bring_up_pod("directory", NULL);
	create_each(NULL);
	a_pod_ends_while_they_wait(delete);
	assert_done(node_client_delete(scene.channel, POD, &err), &err);
}

static void a_pod_ends_while_snapshots_are_made(void **state)
{
	struct error err = { 0 };
	struct node_volume source = volume_of("pvc-source", "directory", NULL);
	bring_up_pod("directory", NULL);
	assert_done(node_client_create(scene.channel, &source, &err), &err);
	a_pod_ends_while_they_wait(snapshot);
	for (unsigned i = 0; i < CALLERS; i++)
		assert_done(node_client_delete_snapshot(scene.channel, callers[i].id, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-source", &err), &err);
	assert_done(node_client_delete(scene.channel, POD, &err), &err);
}

static unsigned refused_by_the_name_of_the_pool(void)
{
	unsigned refused = 0;
	for (unsigned i = 0; i < CALLERS; i++) {
		if (callers[i].outcome == 0)
			continue;
		refused++;
		assert_refused(-1, ERROR_UNAVAILABLE, &callers[i].err, "pool bulk: its disk");
	}
	return refused;
}

/* All of a volume's life in the other pool, from its creation to its end. */
static void the_other_pool_is_served(const char *pool)
{
	struct error err = { 0 };
	uint64_t bytes, inodes;
	struct node_capacity capacity;
	struct node_volume volume = volume_of("pvc-new", "loop", pool);
	const char *staging = node_scene_make_folder(&scene, "staging-new");
	const char *target = node_scene_path(&scene, "target-new");
	assert_done(node_client_capacity(scene.channel, &volume, &capacity, &err), &err);
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	assert_done(node_client_stage(scene.channel, &volume, staging, &err), &err);
	assert_done(node_client_publish(scene.channel, &volume, staging, target, false, &err),
		    &err);
	assert_done(node_client_stats(scene.channel, "pvc-new", target, &bytes, &inodes, &err),
		    &err);
	assert_done(node_client_unpublish(scene.channel, "pvc-new", target, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-new", staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-new", &err), &err);
}

static void a_disk_that_hangs_leaves_the_other_pools_their_workers(void **state)
{
	struct error err = { 0 };
	bring_up_pod("loop", "fast");
	freeze();
	begin(create_in_bulk);
	end_pod();
	the_other_pool_is_served("fast");
	/* Without a name it is the pool that answers. */
	the_other_pool_is_served(NULL);
	/* Half of the workers wait, and the others were told. */
	assert_int_equal(atomic_load(&ended), CALLERS / 2);
	thaw();
	join();
	assert_int_equal(refused_by_the_name_of_the_pool(), CALLERS / 2);
	for (unsigned i = 0; i < CALLERS; i++)
		assert_done(node_client_delete(scene.channel, callers[i].id, &err), &err);
	assert_done(node_client_delete(scene.channel, POD, &err), &err);
}

static void deletions_that_hang_leave_the_other_pools_their_workers(void **state)
{
	struct error err = { 0 };
	bring_up_pod("loop", "fast");
	create_each("bulk");
	freeze();
	begin(delete);
	end_pod();
	the_other_pool_is_served("fast");
	assert_int_equal(atomic_load(&ended), CALLERS / 2);
	thaw();
	join();
	assert_int_equal(refused_by_the_name_of_the_pool(), CALLERS / 2);
	for (unsigned i = 0; i < CALLERS; i++)
		assert_done(node_client_delete(scene.channel, callers[i].id, &err), &err);
	assert_done(node_client_delete(scene.channel, POD, &err), &err);
}

static void *publish_large(void *context)
{
	struct caller *caller = context;
	caller->outcome =
		node_client_publish_ephemeral(scene.channel, caller->id, "1500Mi", "provisioning",
					      "thick", caller->target, &caller->err);
	atomic_fetch_add(&ended, 1);
	return NULL;
}

/* The image is under tmp/ while it is filled. */
static void wait_until_it_is_filled(void)
{
	uint64_t give_up_ms = clock_monotonic_ms() + PATIENCE_MS;
	while (node_scene_entries(&scene, "tmp") == 0 && clock_monotonic_ms() < give_up_ms)
		usleep(1000);
	usleep(50000);
}

static void the_end_of_a_pod_ends_the_filling_of_its_volume(void **state)
{
	struct error err = { 0 };
	struct caller *caller = &callers[0];
	pthread_create(&caller->thread, NULL, publish_large, caller);
	wait_until_it_is_filled();
	freeze();
	assert_refused(node_client_unpublish(scene.channel, caller->id, caller->target, &err),
		       ERROR_BUSY, &err, "another operation on volume csi-0");
	assert_int_equal(atomic_load(&ended), 0);
	thaw();
	pthread_join(caller->thread, NULL);
	assert_refused(caller->outcome, ERROR_CANCELLED, &caller->err, "unpublishes volume csi-0");
	assert_done(node_client_unpublish(scene.channel, caller->id, caller->target, &err), &err);
	assert_int_equal(node_scene_entries(&scene, "tmp"), 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
}

/* An e2fsck that takes long, on the plugin's PATH. */
static int set_up_with_slow_check(void **state)
{
	char path[2 * sizeof(scene.folder)], paths[1024];
	const char *known = getenv("PATH");
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	snprintf(path, sizeof(path), "%s/e2fsck", node_scene_make_folder(&scene, "bin"));
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_true(dprintf(fd, "#!/bin/sh\nexec sleep 60\n") > 0);
	close(TAKE_FD(fd));
	snprintf(paths, sizeof(paths), "%s:%s", node_scene_path(&scene, "bin"), known);
	CLEANUP_FREE char *before = strdup(known);
	setenv("PATH", paths, 1);
	snprintf(scene.pool, sizeof(scene.pool), "%s/pool", disk.path);
	node_scene_start(&scene);
	setenv("PATH", before, 1);
	prepare_callers();
	return 0;
}

/* Documentation/filesystems/ext4/super.rst: s_state says that there were errors. */
static void mark_as_faulty(const char *id)
{
	char path[320];
	snprintf(path, sizeof(path), "%s/volumes/%s/image", scene.pool, id);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\2", 1, 1024 + 0x3a), 1);
	assert_int_equal(fsync(fd), 0);
}

static void *stage_faulty(void *context)
{
	struct caller *caller = context;
	struct node_volume volume = volume_of(caller->id, "loop", NULL);
	caller->outcome = node_client_stage(scene.channel, &volume, caller->target, &caller->err);
	atomic_store(&caller->has_ended, true);
	atomic_fetch_add(&ended, 1);
	return NULL;
}

static void create_faulty(unsigned count)
{
	struct error err = { 0 };
	for (unsigned i = 0; i < count; i++) {
		struct node_volume volume = volume_of(callers[i].id, "loop", NULL);
		assert_done(node_client_create(scene.channel, &volume, &err), &err);
		mark_as_faulty(callers[i].id);
		assert_int_equal(mkdir(callers[i].target, 0700), 0);
	}
}

static void wait_until_ended(unsigned count)
{
	uint64_t give_up_ms = clock_monotonic_ms() + PATIENCE_MS;
	while (atomic_load(&ended) < count && clock_monotonic_ms() < give_up_ms)
		usleep(10000);
	assert_int_equal(atomic_load(&ended), count);
}

/* Unstaging makes the check end, and its next try finds the volume free. */
static void end_check(struct caller *caller)
{
	struct error err = { 0 };
	assert_refused(node_client_unstage(scene.channel, caller->id, caller->target, &err),
		       ERROR_BUSY, &err, "which may check its file system");
	pthread_join(caller->thread, NULL);
	assert_refused(caller->outcome, ERROR_CANCELLED, &caller->err,
		       "another call deletes, unstages or unpublishes");
	assert_int_equal(node_client_unstage(scene.channel, caller->id, caller->target, &err), 0);
}

#define CHECKS_AT_ONCE 2 /* by their memory */

static void a_pod_ends_while_file_systems_are_checked(void **state)
{
	struct error err = { 0 };
	unsigned checked = 0;
	bring_up_pod("directory", NULL);
	create_faulty(CALLERS);
	begin(stage_faulty);
	uint64_t begin_ms = clock_monotonic_ms();
	end_pod();
	uint64_t took_ms = clock_monotonic_ms() - begin_ms;
	print_message("a pod ends within %llu ms\n", (unsigned long long)took_ms);
	assert_int_equal(atomic_load(&ended), 0);
	/* A call without a place gets ABORTED, and its caller retries. */
	wait_until_ended(CALLERS - CHECKS_AT_ONCE);
	for (unsigned i = 0; i < CALLERS; i++) {
		if (!atomic_load(&callers[i].has_ended)) {
			checked++;
			end_check(&callers[i]);
			continue;
		}
		pthread_join(callers[i].thread, NULL);
		assert_refused(callers[i].outcome, ERROR_BUSY, &callers[i].err, "try again");
	}
	assert_int_equal(checked, CHECKS_AT_ONCE);
	for (unsigned i = 0; i < CALLERS; i++)
		assert_done(node_client_delete(scene.channel, callers[i].id, &err), &err);
	assert_done(node_client_delete(scene.channel, POD, &err), &err);
}

static void a_check_ends_with_the_plugin(void **state)
{
	struct error err = { 0 };
	struct caller *caller = &callers[0];
	create_faulty(1);
	pthread_create(&caller->thread, NULL, stage_faulty, caller);
	usleep(500000);
	assert_int_equal(atomic_load(&ended), 0);
	node_scene_kill(&scene, SIGTERM);
	node_scene_wait(&scene);
	pthread_join(caller->thread, NULL); /* it has the channel, which the next start replaces */
	node_scene_start(&scene);
	assert_true(caller->outcome < 0);
	assert_false(node_scene_logged(&scene, "stopped with calls under way", ""));
	assert_done(node_client_delete(scene.channel, caller->id, &err), &err);
}

#define FILES 20000

static void fill_with_files(const char *folder)
{
	for (unsigned i = 0; i < FILES; i++) {
		char path[320];
		snprintf(path, sizeof(path), "%s/file-%u", folder, i);
		CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
	}
}

static void a_deletion_does_not_wait_until_many_files_are_removed(void **state)
{
	struct error err = { 0 };
	struct node_volume volume = volume_of("pvc-small", "directory", NULL);
	bring_up_pod("directory", NULL);
	fill_with_files(scene.target);
	end_pod();
	assert_done(node_client_delete(scene.channel, POD, &err), &err);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
	assert_int_equal(node_scene_entries(&scene, "trash"), 1);
	/* Meanwhile others come and go. */
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-small", &err), &err);
	uint64_t give_up_ms = clock_monotonic_ms() + PATIENCE_MS;
	while (node_scene_entries(&scene, "trash") && clock_monotonic_ms() < give_up_ms)
		usleep(1000);
	assert_int_equal(node_scene_entries(&scene, "trash"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_ON_TWO(name) cmocka_unit_test_setup_teardown(name, set_up_with_two_pools, tear_down)

int main(void)
{
	if (!node_scene_can_mount() || !loop_disk_make(&disk, "ext4", "", 4 * GIB, NULL))
		return 77;
	const struct CMUnitTest tests[] = {
		TEST(a_pod_ends_while_thick_inline_volumes_are_made),
		TEST(a_pod_ends_while_volumes_are_deleted),
		TEST(a_pod_ends_while_snapshots_are_made),
		TEST_ON_TWO(a_disk_that_hangs_leaves_the_other_pools_their_workers),
		TEST_ON_TWO(deletions_that_hang_leave_the_other_pools_their_workers),
		cmocka_unit_test_setup_teardown(a_pod_ends_while_file_systems_are_checked,
						set_up_with_slow_check, tear_down),
		cmocka_unit_test_setup_teardown(a_check_ends_with_the_plugin,
						set_up_with_slow_check, tear_down),
		TEST(a_deletion_does_not_wait_until_many_files_are_removed),
		TEST(the_end_of_a_pod_ends_the_filling_of_its_volume),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	loop_disk_remove(&disk);
	return failed;
}
