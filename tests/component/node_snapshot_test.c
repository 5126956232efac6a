/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Snapshots, restores and clones on the real kernel, in pools that share blocks and in one that
 * does not, of volumes that are written to meanwhile.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "csi.pb-c.h"
#include "node_client.h"
#include "node_test.h"
#include "rpc/channel_call.h"
#include "test.h"

#define MIB (1ULL << 20)
#define RECORD_BYTES 4096

static const char *pool_type;

static bool begin(const char *type)
{
	pool_type = type;
	if (!type)
		node_scene_init(&scene, TEST_NODE_PROGRAM);
	else if (!node_scene_init_on_disk(&scene, TEST_NODE_PROGRAM, type,
					  strcmp(type, "xfs") == 0 ? "-s size=4096" : "",
					  8192 * MIB))
		return false;
	node_scene_start(&scene);
	return true;
}

/* A pod that writes numbered records, each of them made to last before the next. */
struct writer {
	pthread_t thread;
	int fd;
	atomic_uint written;
	atomic_bool stop;
};

static void *write_records(void *context)
{
	struct writer *writer = context;
	while (!atomic_load(&writer->stop)) {
		unsigned number = atomic_load(&writer->written);
		unsigned char record[RECORD_BYTES];
		memset(record, (int)(number % 251), sizeof(record));
		memcpy(record, &number, sizeof(number));
		if (pwrite(writer->fd, record, sizeof(record), (off_t)number * RECORD_BYTES) !=
			    RECORD_BYTES ||
		    fdatasync(writer->fd) < 0)
			break;
		atomic_fetch_add(&writer->written, 1);
	}
	return NULL;
}

static void start_writer(struct writer *writer, const char *folder)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/records", folder);
	*writer = (struct writer) { .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) };
	assert_true(writer->fd >= 0);
	assert_int_equal(pthread_create(&writer->thread, NULL, write_records, writer), 0);
}

static unsigned stop_writer(struct writer *writer)
{
	atomic_store(&writer->stop, true);
	pthread_join(writer->thread, NULL);
	close(writer->fd);
	return atomic_load(&writer->written);
}

/* At least `count` records are there, whole and in order. */
static void assert_records(const char *folder, unsigned count)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/records", folder);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (unsigned i = 0; i < count; i++) {
		unsigned char got[RECORD_BYTES], wanted[RECORD_BYTES];
		memset(wanted, (int)(i % 251), sizeof(wanted));
		memcpy(wanted, &i, sizeof(i));
		assert_int_equal(pread(fd, got, sizeof(got), (off_t)i * RECORD_BYTES),
				 RECORD_BYTES);
		assert_memory_equal(got, wanted, sizeof(got));
	}
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec) { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void snapshot_restore_and_clone(const char *backend, const char *fs_type, uint64_t mib)
{
	struct error err = { 0 };
	struct writer writer;
	struct node_volume source = {
		.name = "pvc-1", .backend = backend, .fs_type = fs_type, .size_bytes = mib * MIB
	};
	struct node_volume restored = {
		.name = "pvc-2", .backend = backend, .fs_type = fs_type, .size_bytes = 2 * mib * MIB
	};
	struct node_volume cloned = {
		.name = "pvc-3", .backend = backend, .fs_type = fs_type, .size_bytes = mib * MIB
	};
	restored.source_snapshot = "snap-1";
	cloned.source_volume = "pvc-1";
	const char *one = node_scene_make_folder(&scene, "one");
	const char *two = node_scene_make_folder(&scene, "two");
	const char *three = node_scene_make_folder(&scene, "three");
	assert_done(node_client_create(scene.channel, &source, &err), &err);
	assert_done(node_client_stage(scene.channel, &source, one, &err), &err);
	start_writer(&writer, one);
	wait_ms(200);
	unsigned before = atomic_load(&writer.written);
	assert_done(node_client_snapshot(scene.channel, "snap-1", "pvc-1", &err), &err);
	wait_ms(50);
	assert_done(node_client_create(scene.channel, &restored, &err), &err);
	unsigned before_clone = atomic_load(&writer.written);
	assert_done(node_client_create(scene.channel, &cloned, &err), &err);
	assert_done(node_client_stage(scene.channel, &restored, two, &err), &err);
	assert_done(node_client_stage(scene.channel, &cloned, three, &err), &err);
	unsigned all = stop_writer(&writer);
	assert_true(before > 0 && all > before);
	assert_records(one, all);
	assert_records(two, before);
	assert_records(three, before_clone);
	print_message("%s on %s: %u records before the snapshot, %u in all\n",
		      fs_type[0] ? fs_type : "directory", pool_type ? pool_type : "/tmp", before,
		      all);
	uint64_t bytes = 0, inodes = 0;
	assert_done(node_client_stats(scene.channel, "pvc-2", two, &bytes, &inodes, &err), &err);
	assert_true(!fs_type[0] || bytes > mib * MIB * 3 / 2);
	assert_done(node_client_unstage(scene.channel, "pvc-1", one, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-2", two, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-3", three, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-2", &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-3", &err), &err);
	assert_done(node_client_delete_snapshot(scene.channel, "snap-1", &err), &err);
	assert_int_equal(node_scene_entries(&scene, "snapshots"), 0);
	assert_int_equal(node_scene_entries(&scene, "freeze"), 0);
	assert_int_equal(node_scene_entries(&scene, "tmp"), 0);
}

static void in_pool(const char *type)
{
	if (!begin(type))
		skip();
	snapshot_restore_and_clone("loop", "ext4", 64);
	snapshot_restore_and_clone("loop", "xfs", 512);
	snapshot_restore_and_clone("loop", "btrfs", 256);
	snapshot_restore_and_clone("directory", "", 64);
	node_scene_done(&scene);
}

static void what_lasted_before_a_snapshot_is_in_it_in_a_pool_without_shared_blocks(void **state)
{
	in_pool("ext4");
}

static void what_lasted_before_a_snapshot_is_in_it_in_a_pool_on_xfs(void **state)
{
	in_pool("xfs");
}

static void what_lasted_before_a_snapshot_is_in_it_in_a_pool_on_btrfs(void **state)
{
	in_pool("btrfs");
}

static void a_volume_that_a_killed_plugin_left_frozen_is_thawed_at_start(void **state)
{
	struct error err = { 0 };
	struct node_volume volume = {
		.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
	};
	assert_true(begin(NULL));
	const char *one = node_scene_make_folder(&scene, "one");
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	assert_done(node_client_stage(scene.channel, &volume, one, &err), &err);
	node_scene_kill(&scene, SIGKILL);
	node_scene_wait(&scene);
	/* What a plugin that is killed in the middle of a cut leaves behind. */
	char intent[300];
	snprintf(intent, sizeof(intent), "%s/freeze/pvc-1", scene.pool);
	close(open(intent, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	CLEANUP_CLOSE int fd = open(one, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ioctl(fd, FIFREEZE, 0), 0);
	node_scene_start(&scene);
	assert_true(ioctl(fd, FITHAW, 0) < 0 && errno == EINVAL);
	assert_int_equal(node_scene_entries(&scene, "freeze"), 0);
	close(TAKE_FD(fd));
	assert_done(node_client_unstage(scene.channel, "pvc-1", one, &err), &err);
	node_scene_done(&scene);
}

/* Who covers a place of a volume must not be held still in its stead. */
static void a_volume_is_frozen_by_a_place_where_it_can_be_seen(void **state)
{
	struct error err = { 0 };
	struct node_volume volume = {
		.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
	};
	struct node_volume other = volume;
	other.name = "pvc-2";
	assert_true(begin(NULL));
	const char *one = node_scene_make_folder(&scene, "one");
	const char *two = node_scene_make_folder(&scene, "two");
	const char *target = node_scene_path(&scene, "target");
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	assert_done(node_client_create(scene.channel, &other, &err), &err);
	assert_done(node_client_stage(scene.channel, &volume, one, &err), &err);
	assert_done(node_client_stage(scene.channel, &other, two, &err), &err);
	assert_int_equal(mount(two, one, NULL, MS_BIND, NULL), 0);
	assert_refused(node_client_snapshot(scene.channel, "snap-1", "pvc-1", &err), ERROR_IN_USE,
		       &err, one);
	assert_int_equal(umount(one), 0);
	assert_done(node_client_publish(scene.channel, &volume, one, target, false, &err), &err);
	assert_int_equal(mount(two, one, NULL, MS_BIND, NULL), 0);
	assert_done(node_client_snapshot(scene.channel, "snap-1", "pvc-1", &err), &err);
	assert_int_equal(umount(one), 0);
	assert_done(node_client_unpublish(scene.channel, "pvc-1", target, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-1", one, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-2", two, &err), &err);
	node_scene_done(&scene);
}

static void *snapshot_and_forget(void *context)
{
	struct error err = { 0 };
	node_client_snapshot(scene.channel, "snap-1", "pvc-1", &err);
	return NULL;
}

static void a_copy_in_which_the_plugin_was_killed_is_gone_on_with(void **state)
{
	struct error err = { 0 };
	struct node_volume volume = {
		.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 512 * MIB
	};
	struct node_volume restored = {
		.name = "pvc-2", .backend = "loop", .fs_type = "ext4", .size_bytes = 512 * MIB
	};
	restored.source_snapshot = "snap-1";
	assert_true(begin(NULL));
	const char *one = node_scene_make_folder(&scene, "one");
	const char *two = node_scene_make_folder(&scene, "two");
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	assert_done(node_client_stage(scene.channel, &volume, one, &err), &err);
	char command[700];
	snprintf(command, sizeof(command), "head -c 200M /dev/urandom >%s/big && sync -f %s/big",
		 one, one);
	assert_int_equal(system(command), 0);
	unsigned left = 0;
	/* At several moments, until one was within the copy, however slow the machine is. */
	for (long after_ms = 5; after_ms <= 80 || (!left && after_ms <= 5000); after_ms *= 2) {
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, snapshot_and_forget, NULL), 0);
		wait_ms(after_ms);
		node_scene_kill(&scene, SIGKILL);
		node_scene_wait(&scene);
		pthread_join(thread, NULL);
		node_scene_start(&scene);
		left += node_scene_entries(&scene, "tmp");
	}
	assert_true(left > 0);
	assert_done(node_client_snapshot(scene.channel, "snap-1", "pvc-1", &err), &err);
	assert_int_equal(node_scene_entries(&scene, "tmp"), 0);
	assert_int_equal(node_scene_entries(&scene, "freeze"), 0);
	assert_done(node_client_create(scene.channel, &restored, &err), &err);
	assert_done(node_client_stage(scene.channel, &restored, two, &err), &err);
	snprintf(command, sizeof(command), "cmp %s/big %s/big", one, two);
	assert_int_equal(system(command), 0);
	assert_done(node_client_unstage(scene.channel, "pvc-1", one, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-2", two, &err), &err);
	node_scene_done(&scene);
}

/* A caller who waits for a moment only. */
static void snapshot_impatiently(void)
{
	struct error err = { 0 };
	ProtobufCMessage *response = NULL;
	Csi__V1__CreateSnapshotRequest request;
	csi__v1__create_snapshot_request__init(&request);
	request.name = (char *)(uintptr_t) "snap-1";
	request.source_volume_id = (char *)(uintptr_t) "pvc-1";
	assert_int_equal(rpc_channel_call(scene.channel, "csi.v1.Controller", "CreateSnapshot",
					  &request.base,
					  &csi__v1__create_snapshot_response__descriptor, 20,
					  &response, &err),
			 -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
}

static bool snapshot_is_pending(const char *name, struct error *err)
{
	return node_client_snapshot(scene.channel, name, "pvc-1", err) < 0 &&
	       err->code == ERROR_BUSY;
}

static void a_copy_goes_on_while_its_caller_has_to_retry(void **state)
{
	struct error err = { 0 };
	struct node_volume volume = {
		.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 2048 * MIB
	};
	assert_true(begin(NULL));
	const char *one = node_scene_make_folder(&scene, "one");
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	assert_done(node_client_stage(scene.channel, &volume, one, &err), &err);
	char command[700];
	snprintf(command, sizeof(command), "head -c 600M /dev/urandom >%s/big && sync -f %s/big",
		 one, one);
	assert_int_equal(system(command), 0);
	assert_done(node_client_unstage(scene.channel, "pvc-1", one, &err), &err);
	snapshot_impatiently();
	unsigned told = 0;
	for (; told < 600 && snapshot_is_pending("snap-1", &err); told++)
		wait_ms(50);
	assert_done(node_client_snapshot(scene.channel, "snap-1", "pvc-1", &err), &err);
	assert_true(node_scene_logs(&scene, "snapshot created", "volume=pvc-1 snapshot=snap-1"));
	print_message("told to come again %u times\n", told);
	assert_true(told > 0 && told < 600);
	node_scene_done(&scene);
}

static void a_group_goes_on_without_its_caller_too(void **state)
{
	struct error err = { 0 };
	struct node_volume volume = {
		.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 1024 * MIB
	};
	ProtobufCMessage *response = NULL;
	char *ids[] = { (char *)(uintptr_t) "pvc-1" };
	Csi__V1__CreateVolumeGroupSnapshotRequest request;
	csi__v1__create_volume_group_snapshot_request__init(&request);
	request.name = (char *)(uintptr_t) "group-1";
	request.source_volume_ids = ids;
	request.n_source_volume_ids = 1;
	assert_true(begin(NULL));
	const char *one = node_scene_make_folder(&scene, "one");
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	assert_done(node_client_stage(scene.channel, &volume, one, &err), &err);
	char command[700];
	snprintf(command, sizeof(command), "head -c 300M /dev/urandom >%s/big && sync -f %s/big",
		 one, one);
	assert_int_equal(system(command), 0);
	assert_done(node_client_unstage(scene.channel, "pvc-1", one, &err), &err);
	assert_int_equal(
		rpc_channel_call(scene.channel, "csi.v1.GroupController",
				 "CreateVolumeGroupSnapshot", &request.base,
				 &csi__v1__create_volume_group_snapshot_response__descriptor, 20,
				 &response, &err),
		-1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	for (int tries = 0; tries < 300 && node_scene_entries(&scene, "groups") == 0; tries++)
		wait_ms(100);
	assert_int_equal(node_scene_entries(&scene, "groups"), 1);
	node_scene_done(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_that_a_killed_plugin_left_frozen_is_thawed_at_start),
		cmocka_unit_test(a_volume_is_frozen_by_a_place_where_it_can_be_seen),
		cmocka_unit_test(a_copy_goes_on_while_its_caller_has_to_retry),
		cmocka_unit_test(a_group_goes_on_without_its_caller_too),
		cmocka_unit_test(a_copy_in_which_the_plugin_was_killed_is_gone_on_with),
		cmocka_unit_test(
			what_lasted_before_a_snapshot_is_in_it_in_a_pool_without_shared_blocks),
		cmocka_unit_test(what_lasted_before_a_snapshot_is_in_it_in_a_pool_on_xfs),
		cmocka_unit_test(what_lasted_before_a_snapshot_is_in_it_in_a_pool_on_btrfs),
	};
	if (!node_scene_can_mount())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
