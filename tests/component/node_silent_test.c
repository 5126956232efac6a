/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One of two pools lies on a disk that does not answer at all: not from the start, or not any more.
 * The other pool is served all the same, and the plugin starts and stops. Each call has a bound,
 * and the disk ends with the test (silent_disk.h), so that a plugin that hangs fails the test.
 */

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "loop_disk.h"
#include "node_client.h"
#include "node_test.h"
#include "silent_disk.h"
#include "test.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define CALLERS 8
#define BOUND_MS 10000 /* for what takes a moment on a machine that does little else */
#define START_BOUND_MS 20000

static uint16_t http_port;
static struct silent_disk silent;
static struct loop_disk bulk; /* a file system in the silent disk's file */

static struct node_volume volume_of(const char *name, const char *pool)
{
	return (struct node_volume) {
		.name = name, .backend = "loop", .fs_type = "", .size_bytes = 64 * MIB, .pool = pool
	};
}

static uint64_t begin_ms;

static void begin(void)
{
	begin_ms = clock_monotonic_ms();
}

/* The call that came back just now, and did what it was to do. */
static void served(int outcome, const struct error *err)
{
	assert_done(outcome, err);
	uint64_t took_ms = clock_monotonic_ms() - begin_ms;
	if (took_ms > BOUND_MS)
		fail_msg("that took %llu ms", (unsigned long long)took_ms);
	begin();
}

/* All of a volume's life in the other pool, from its creation to its end. */
static void the_other_pool_is_served(const char *pool)
{
	struct error err = { 0 };
	uint64_t bytes, inodes;
	struct node_capacity capacity;
	struct rpc_channel *channel = scene.channel;
	struct node_volume volume = volume_of("pvc-new", pool);
	const char *staging = node_scene_make_folder(&scene, "staging-new");
	const char *target = node_scene_path(&scene, "target-new");
	begin();
	served(node_client_capacity(channel, &volume, &capacity, &err), &err);
	assert_true(capacity.available_bytes > 0);
	served(node_client_create(channel, &volume, &err), &err);
	served(node_client_create(channel, &volume, &err), &err);
	served(node_client_stage(channel, &volume, staging, &err), &err);
	served(node_client_publish(channel, &volume, staging, target, false, &err), &err);
	served(node_client_stats(channel, "pvc-new", target, &bytes, &inodes, &err), &err);
	served(node_client_unpublish(channel, "pvc-new", target, &err), &err);
	served(node_client_unstage(channel, "pvc-new", staging, &err), &err);
	served(node_client_delete(channel, "pvc-new", &err), &err);
}

static void lists_and_probes_are_served(size_t volumes, size_t snapshots)
{
	struct error err = { 0 };
	bool ready = false;
	size_t count = 0;
	begin();
	served(node_client_probe(scene.channel, &ready, &err), &err);
	assert_true(ready);
	served(node_client_count_volumes(scene.channel, &count, &err), &err);
	assert_int_equal(count, volumes);
	served(node_client_count_snapshots(scene.channel, &count, &err), &err);
	assert_int_equal(count, snapshots);
}

/* GET, or an empty text if the answer does not come within the bound. */
static void get(const char *path, char *ret_text, size_t size)
{
	char request[64];
	const struct timeval bound = { .tv_sec = BOUND_MS / 1000 };
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(http_port),
					     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t length = 0;
	int asked = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, request, (size_t)asked, MSG_NOSIGNAL), asked);
	shutdown(fd, SHUT_WR);
	for (ssize_t more;
	     length + 1 < size && (more = recv(fd, ret_text + length, size - length - 1, 0)) > 0;)
		length += (size_t)more;
	ret_text[length] = '\0';
}

static void health_and_metrics_are_served(void)
{
	static char text[1 << 18];
	get("/healthz", text, sizeof(text));
	assert_non_null(strstr(text, " 200 "));
	get("/readyz", text, sizeof(text));
	assert_non_null(strstr(text, " 200 "));
	get("/metrics", text, sizeof(text));
	assert_non_null(strstr(text, "kentledge_pool_up{pool=\"fast\"} 1"));
	assert_non_null(strstr(text, "kentledge_pool_up{pool=\"bulk\"} 0"));
}

/* A port that no process listens on at this moment. */
static uint16_t find_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin_port);
}

static void set_pools(const char *bulk_path)
{
	static char http[64];
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	http_port = find_port();
	int length = snprintf(scene.pool, sizeof(scene.pool), "fast=%s/fast,bulk=%s/pool",
			      scene.folder, bulk_path);
	assert_true(length < (int)sizeof(scene.pool));
	snprintf(http, sizeof(http), "--http=127.0.0.1:%u", http_port);
	scene.more_flags[0] = http;
}

static int set_up_silent(void **state)
{
	struct stat root;
	if (!silent_disk_start(&silent, MIB))
		return -1;
	assert_int_equal(stat(silent.path, &root), 0);
	set_pools(silent.path);
	silent_disk_silence(&silent);
	return 0;
}

static int tear_down_silent(void **state)
{
	silent_disk_end(&silent);
	node_scene_done(&scene);
	return 0;
}

static void make_stray(void)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/fast", scene.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/fast/volumes", scene.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/fast/volumes/Stray", scene.folder);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void a_plugin_starts_and_serves_and_stops_while_a_disk_is_silent(void **state)
{
	struct error err = { 0 };
	struct node_volume lost = volume_of("pvc-lost", "bulk");
	make_stray();
	begin();
	node_scene_start(&scene);
	assert_true(clock_monotonic_ms() - begin_ms < START_BOUND_MS);
	assert_true(node_scene_logs(&scene, "pool is missing", "does not answer"));
	/* The sweep looks after the other pool. */
	assert_true(node_scene_logs(&scene, "orphan found", "fast/volumes/Stray"));
	the_other_pool_is_served("fast");
	the_other_pool_is_served(NULL);
	assert_refused(node_client_create(scene.channel, &lost, &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk is missing");
	assert_refused(node_client_delete(scene.channel, "pvc-lost", &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk is missing");
	lists_and_probes_are_served(0, 0);
	health_and_metrics_are_served();
	begin();
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	assert_true(clock_monotonic_ms() - begin_ms < BOUND_MS);
}

static int set_up_device(void **state)
{
	char command[256];
	if (!silent_disk_start(&silent, GIB))
		return -1;
	bulk = (struct loop_disk) { 0 };
	snprintf(bulk.image, sizeof(bulk.image), "%.90s", silent.file);
	snprintf(bulk.path, sizeof(bulk.path), "%s/bulk", silent.folder);
	snprintf(command, sizeof(command), "mkfs.ext4 -q -F %s", bulk.image);
	if (system(command) != 0 || mkdir(bulk.path, 0755) < 0 ||
	    !loop_disk_mount(&bulk, "ext4", NULL))
		return -1;
	set_pools(bulk.path);
	node_scene_start(&scene);
	return 0;
}

static pid_t first_pid; /* of a plugin that cannot end before the disk does */

static int tear_down_device(void **state)
{
	int status;
	/* What waits fails from now on. */
	silent_disk_silence(&silent);
	close(silent.fuse_fd);
	if (first_pid)
		waitpid(first_pid, &status, 0);
	first_pid = 0;
	const char *const places[] = { "target-slow", "staging-slow", "target",
				       "staging",     "target-new",   "staging-new" };
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		umount2(node_scene_path(&scene, places[i]), MNT_DETACH);
	node_scene_done(&scene);
	umount2(bulk.path, MNT_DETACH);
	assert_int_equal(rmdir(bulk.path), 0);
	silent.fuse_fd = -1;
	silent_disk_end(&silent);
	return 0;
}

struct caller {
	pthread_t thread;
	char id[32];
	struct error err;
	int outcome;
	uint64_t took_ms;
};

static void *create_in_bulk(void *context)
{
	struct caller *caller = context;
	struct node_volume volume = volume_of(caller->id, "bulk");
	uint64_t since_ms = clock_monotonic_ms();
	caller->outcome = node_client_create(scene.channel, &volume, &caller->err);
	caller->took_ms = clock_monotonic_ms() - since_ms;
	return NULL;
}

static void calls_for_the_silent_disk_are_refused(void)
{
	static struct caller callers[CALLERS];
	for (unsigned i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller) { 0 };
		snprintf(callers[i].id, sizeof(callers[i].id), "pvc-%u", i);
		pthread_create(&callers[i].thread, NULL, create_in_bulk, &callers[i]);
	}
	for (unsigned i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_refused(callers[i].outcome, ERROR_UNAVAILABLE, &callers[i].err,
			       "pool bulk: its disk");
		assert_true(callers[i].took_ms < BOUND_MS);
	}
}

static void use_both_pools(void)
{
	struct error err = { 0 };
	struct rpc_channel *channel = scene.channel;
	struct node_volume fast = volume_of("pvc-fast", "fast"),
			   slow = volume_of("pvc-slow", "bulk");
	const char *staging = node_scene_make_folder(&scene, "staging-slow");
	const char *target = node_scene_path(&scene, "target-slow");
	assert_done(node_scene_bring_up(&scene, &fast, &err), &err);
	assert_done(node_client_create(channel, &slow, &err), &err);
	assert_done(node_client_stage(channel, &slow, staging, &err), &err);
	assert_done(node_client_publish(channel, &slow, staging, target, false, &err), &err);
	assert_done(node_client_snapshot(channel, "snap-fast", "pvc-fast", &err), &err);
	assert_done(node_client_snapshot(channel, "snap-slow", "pvc-slow", &err), &err);
	lists_and_probes_are_served(2, 2);
}

static void a_disk_that_falls_silent_stops_neither_the_other_pool_nor_the_program(void **state)
{
	struct error err = { 0 };
	uint64_t bytes, inodes;
	use_both_pools();
	silent_disk_silence(&silent);
	usleep(300000); /* what the disk answered last is no longer believed */
	the_other_pool_is_served("fast");
	assert_true(node_scene_logs(&scene, "disk of a pool does not answer", "pool=bulk"));
	the_other_pool_is_served(NULL);
	calls_for_the_silent_disk_are_refused();
	the_other_pool_is_served(NULL);
	assert_refused(node_client_stats(scene.channel, "pvc-slow",
					 node_scene_path(&scene, "target-slow"), &bytes, &inodes,
					 &err),
		       ERROR_UNAVAILABLE, &err, "pool bulk: its disk");
	assert_refused(node_client_delete(scene.channel, "pvc-none", &err), ERROR_UNAVAILABLE, &err,
		       "pool bulk: its disk");
	assert_refused(node_client_delete_snapshot(scene.channel, "snap-slow", &err),
		       ERROR_UNAVAILABLE, &err, "pool bulk: its disk");
	lists_and_probes_are_served(1, 1);
	health_and_metrics_are_served();
	begin();
	served(node_client_snapshot(scene.channel, "snap-new", "pvc-fast", &err), &err);
	served(node_client_snapshot(scene.channel, "snap-new", "pvc-fast", &err), &err);
	served(node_client_delete_snapshot(scene.channel, "snap-new", &err), &err);
	served(node_client_delete_snapshot(scene.channel, "snap-fast", &err), &err);
	served(node_scene_take_down(&scene, "pvc-fast", &err), &err);
	/* It cannot end, since a thread of it waits in the kernel; its successor serves. */
	node_scene_kill(&scene, SIGTERM);
	assert_true(node_scene_logs(&scene, "stopped with calls under way", ""));
	first_pid = scene.pid;
	begin();
	node_scene_start(&scene);
	assert_true(clock_monotonic_ms() - begin_ms < START_BOUND_MS);
	the_other_pool_is_served(NULL);
}

/* With no other pool there is nothing to serve, so it waits for the disk; a stop ends that. */
static void a_plugin_whose_only_disk_is_silent_ends_when_it_is_stopped(void **state)
{
	int status = -1;
	snprintf(scene.pool, sizeof(scene.pool), "bulk=%s/pool", silent.path);
	fflush(NULL);
	scene.pid = fork();
	assert_true(scene.pid >= 0);
	if (scene.pid == 0)
		node_scene_exec(&scene);
	assert_true(node_scene_logs(&scene, "whose disks do not answer", ""));
	begin();
	assert_int_equal(kill(scene.pid, SIGTERM), 0);
	while (waitpid(scene.pid, &status, WNOHANG) == 0 &&
	       clock_monotonic_ms() - begin_ms < BOUND_MS)
		usleep(10000);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	scene.pid = 0;
}

int main(void)
{
	/* A leak check at the plugin's end stops all of its threads first, and waits for the one
	 * that waits for the disk. (This program has read its own options already.) */
	setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
	if (!node_scene_can_mount() || !silent_disk_start(&silent, MIB))
		return 77;
	silent_disk_end(&silent);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_plugin_starts_and_serves_and_stops_while_a_disk_is_silent, set_up_silent,
			tear_down_silent),
		cmocka_unit_test_setup_teardown(
			a_plugin_whose_only_disk_is_silent_ends_when_it_is_stopped, set_up_silent,
			tear_down_silent),
		cmocka_unit_test_setup_teardown(
			a_disk_that_falls_silent_stops_neither_the_other_pool_nor_the_program,
			set_up_device, tear_down_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
