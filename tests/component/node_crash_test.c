/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plugin is killed in the middle of calls, at any moment, and started again; the kubelet and
 * the provisioner repeat what they did not get an answer to. Data, mounts, devices and books must
 * come out right.
 */

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "node_client.h"
#include "node_test.h"
#include "test.h"

#define MIB (1ULL << 20)

static struct node_volume volume;

static int do_create(struct error *err)
{
	return node_client_create(scene.channel, &volume, err);
}

static int do_stage(struct error *err)
{
	return node_client_stage(scene.channel, &volume, scene.staging, err);
}

static int do_publish(struct error *err)
{
	return node_client_publish(scene.channel, &volume, scene.staging, scene.target, false, err);
}

static int do_unpublish(struct error *err)
{
	return node_client_unpublish(scene.channel, volume.name, scene.target, err);
}

static int do_unstage(struct error *err)
{
	return node_client_unstage(scene.channel, volume.name, scene.staging, err);
}

static int do_delete(struct error *err)
{
	return node_client_delete(scene.channel, volume.name, err);
}

static int (*const calls[])(struct error *err) = { do_create,	 do_stage,   do_publish,
						   do_unpublish, do_unstage, do_delete };

#define CALLS (sizeof(calls) / sizeof(*calls))

/* What must hold when call number `last` has been answered. */
static void check_state(size_t last)
{
	bool staged = last >= 1 && last <= 3;
	bool loop = strcmp(volume.backend, "loop") == 0;
	assert_int_equal(node_scene_mounts(&scene), staged + (last == 2));
	assert_int_equal(node_scene_loops(&scene), staged && loop);
	assert_int_equal(node_scene_entries(&scene, "volumes"), last < 5);
	assert_int_equal(node_scene_entries(&scene, "tmp"), 0);
	assert_int_equal(access(scene.target, F_OK) == 0, last == 2);
}

static void *call_and_forget(void *call)
{
	struct error err = { 0 };
	(*(int (*const *)(struct error *))call)(&err);
	return NULL;
}

static void kill_during(size_t call, long after_us)
{
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, call_and_forget, (void *)&calls[call]), 0);
	nanosleep(&(struct timespec) { .tv_nsec = after_us * 1000 }, NULL);
	node_scene_kill(&scene, SIGKILL);
	assert_int_equal(node_scene_wait(&scene), -SIGKILL);
	pthread_join(thread, NULL);
	node_scene_start(&scene);
}

/* A mark in the volume while it is mounted, to be found again whenever it is mounted. */
static void write_mark(void)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/mark", scene.target);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, "kept", 4), 4);
	assert_int_equal(fsync(fd), 0);
}

static void check_mark(void)
{
	char path[512];
	CLEANUP_FREE char *text = NULL;
	struct error err = { 0 };
	snprintf(path, sizeof(path), "%s/mark", scene.staging);
	assert_done(file_read(path, 100, &text, NULL, &err), &err);
	assert_string_equal(text, "kept");
}

/* One life of a volume, in which each call is cut off at its first try. */
static void live(long killed_after_us)
{
	for (size_t call = 0; call < CALLS; call++) {
		struct error err = { 0 };
		kill_during(call, killed_after_us);
		assert_done(calls[call](&err), &err);
		check_state(call);
		if (call == 2)
			write_mark();
		if (call == 3)
			check_mark();
	}
}

static void kill_everywhere(void)
{
	/* From the moment the request is on its way to where the answer may be out. */
	static const long moments_us[] = { 500, 4000 };
	for (size_t i = 0; i < sizeof(moments_us) / sizeof(*moments_us); i++)
		live(moments_us[i]);
}

static void a_loop_volume_survives_kills_in_the_middle_of_every_call(void **state)
{
	volume = (struct node_volume) {
		.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
	};
	kill_everywhere();
}

static void a_directory_volume_survives_kills_in_the_middle_of_every_call(void **state)
{
	volume = (struct node_volume) {
		.name = "pvc-1", .backend = "directory", .fs_type = "", .size_bytes = 64 * MIB
	};
	kill_everywhere();
}

static void a_damaged_record_stops_its_volume_and_no_other(void **state)
{
	struct error err = { 0 };
	char record[256];
	volume = (struct node_volume) {
		.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
	};
	struct node_volume other = {
		.name = "pvc-2", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
	};
	for (size_t call = 0; call < 3; call++)
		assert_done(calls[call](&err), &err);
	write_mark();
	assert_done(node_client_create(scene.channel, &other, &err), &err);
	node_scene_kill(&scene, SIGKILL);
	node_scene_wait(&scene);
	snprintf(record, sizeof(record), "%s/volumes/pvc-1/record", scene.pool);
	CLEANUP_FREE char *whole = NULL;
	size_t length = 0;
	assert_done(file_read(record, 4096, &whole, &length, &err), &err);
	assert_int_equal(truncate(record, (off_t)length / 2), 0);

	node_scene_start(&scene);
	assert_true(node_scene_logs(&scene, "volume=pvc-1", "cut short"));
	assert_refused(do_create(&err), ERROR_INTERNAL, &err, record);
	assert_int_equal(do_delete(&err), -1);
	assert_done(node_client_delete(scene.channel, "pvc-2", &err), &err);
	assert_done(do_unpublish(&err), &err);
	check_mark();
	assert_done(do_unstage(&err), &err);

	/* The record comes back from a backup, and the volume with it. */
	int fd = open(record, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(write(fd, whole, length), length);
	close(fd);
	assert_done(do_stage(&err), &err);
	check_mark();
	assert_done(do_unstage(&err), &err);
	assert_done(do_delete(&err), &err);
}

static void mounts_stay_when_the_plugin_is_stopped_and_it_stops_at_once(void **state)
{
	struct error err = { 0 };
	struct timespec begin, end;
	volume = (struct node_volume) {
		.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
	};
	for (size_t call = 0; call < 3; call++)
		assert_done(calls[call](&err), &err);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec <= 2);
	assert_int_equal(access(scene.socket, F_OK), -1);
	assert_int_equal(node_scene_mounts(&scene), 2);
	node_scene_start(&scene);
	for (size_t call = 2; call < CALLS; call++) {
		assert_done(calls[call](&err), &err);
		check_state(call);
	}
}

static void a_second_plugin_on_the_same_pool_does_not_start(void **state)
{
	struct node_scene second = scene;
	snprintf(second.socket, sizeof(second.socket), "%s/second.sock", scene.folder);
	char command[1024];
	snprintf(command, sizeof(command),
		 "NODE_NAME=n %s --pool=%s --csi-socket=%s --registration-dir= --http= 2>%s/second",
		 TEST_NODE_PROGRAM, scene.pool, second.socket, scene.folder);
	assert_int_not_equal(system(command), 0);
	snprintf(second.log, sizeof(second.log), "%s/second", scene.folder);
	assert_true(node_scene_logs(&second, "cannot start", "in use by another process"));
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		NODE_TEST(a_loop_volume_survives_kills_in_the_middle_of_every_call),
		NODE_TEST(a_directory_volume_survives_kills_in_the_middle_of_every_call),
		NODE_TEST(a_damaged_record_stops_its_volume_and_no_other),
		NODE_TEST(mounts_stay_when_the_plugin_is_stopped_and_it_stops_at_once),
		NODE_TEST(a_second_plugin_on_the_same_pool_does_not_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
