/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Eleven defects that were measured on another driver of this kind, each as the probe that showed
 * it there. Real kernel, real program.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "csi.pb-c.h"
#include "node_client.h"
#include "node_test.h"
#include "rpc/channel_call.h"
#include "test.h"

#define MIB (1ULL << 20)
#define TIMEOUT_MS 30000

static const struct node_volume loop = {
	.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 16 * MIB
};
static const struct node_volume directory = {
	.name = "pvc-1", .backend = "directory", .fs_type = "", .size_bytes = 16 * MIB
};

static void publish(const struct node_volume *volume)
{
	struct error err = { 0 };
	assert_done(node_scene_bring_up(&scene, volume, &err), &err);
}

static void take_down(void)
{
	struct error err = { 0 };
	assert_done(node_scene_take_down(&scene, "pvc-1", &err), &err);
}

static void restart(int signal_number)
{
	node_scene_restart(&scene, signal_number);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[192];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fsync(fd), 0);
}

static void check_file(const char *folder, const char *name, const char *text)
{
	char path[192];
	CLEANUP_FREE char *found = NULL;
	struct error err = { 0 };
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_done(file_read(path, 4096, &found, NULL, &err), &err);
	assert_string_equal(found, text);
}

/* There, 64 MiB went into a volume of 16 MiB: its size was a number that nothing enforced. */
static void defect_1_more_data_than_the_volume_is_large(void **state)
{
	static char block[1 << 20];
	char path[192];
	size_t written = 0;
	publish(&loop);
	snprintf(path, sizeof(path), "%s/large", scene.target);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	memset(block, 'x', sizeof(block));
	while (written < 64 * MIB) {
		ssize_t count = write(fd, block, sizeof(block));
		if (count < 0)
			break;
		written += (size_t)count;
	}
	assert_int_equal(errno, ENOSPC);
	assert_true(written < 16 * MIB);
	close(TAKE_FD(fd));
	take_down();
}

/* And a folder cannot be held to its size everywhere: then who asks for it is refused. */
static void defect_1_a_size_that_cannot_be_held_is_refused(void **state)
{
	struct node_volume held = directory;
	struct error err = { 0 };
	held.enforce = true;
	if (node_client_create(scene.channel, &held, &err) == 0) {
		assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
		return; /* this pool can hold it to its size: node_quota_test.c */
	}
	/* Another node may be able to. */
	assert_int_equal(err.code, ERROR_EXHAUSTED);
}

/* There, DeleteVolume of a volume that a pod had mounted answered OK, and its data was gone. */
static void defect_2_deleting_a_volume_that_a_pod_uses(void **state)
{
	const struct node_volume *const both[] = { &loop, &directory };
	for (int i = 0; i < 2; i++) {
		struct error err = { 0 };
		publish(both[i]);
		write_file(scene.target, "mark", "kept");
		assert_int_equal(node_client_delete(scene.channel, "pvc-1", &err), -1);
		assert_int_equal(err.code, ERROR_IN_USE);
		check_file(scene.target, "mark", "kept");
		take_down();
	}
}

/* There, a second mount on the target hid the first: one was unmounted, and the recursive removal
 * of the target went into the volume that was still mounted and emptied it. */
static void defect_3_a_second_mount_stacked_on_the_target(void **state)
{
	const struct node_volume *const both[] = { &loop, &directory };
	for (int i = 0; i < 2; i++) {
		struct error err = { 0 };
		publish(both[i]);
		write_file(scene.target, "mark", "kept");
		assert_int_equal(mount(scene.staging, scene.target, NULL, MS_BIND, NULL), 0);
		assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err),
			    &err);
		assert_int_equal(access(scene.target, F_OK), -1);
		assert_int_equal(node_scene_mounts(&scene), 1);
		check_file(scene.staging, "mark", "kept");
		take_down();
	}
}

/* There, a crash between mount and the note of it made the driver forget the mount: it answered OK
 * to all that followed and removed the data below the mount. Here nothing is noted: the mount is
 * made behind the plugin's back, as one that it did not live to note. */
static void defect_4_a_mount_that_the_driver_does_not_remember(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &loop, &err), &err);
	assert_done(node_client_stage(scene.channel, &loop, scene.staging, &err), &err);
	node_scene_kill(&scene, SIGKILL);
	node_scene_wait(&scene);
	assert_int_equal(mkdir(scene.target, 0750), 0);
	assert_int_equal(mount(scene.staging, scene.target, NULL, MS_BIND, NULL), 0);
	node_scene_start(&scene);
	assert_int_equal(node_client_delete(scene.channel, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_int_equal(node_scene_mounts(&scene), 0);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

/* There, a kill in the middle of filling a volume left half of it in place, and the same call said
 * OK to that half. What is half-made lies in tmp/ here, and is never taken for a volume. */
static void defect_5_half_a_volume_taken_for_a_whole_one(void **state)
{
	struct error err = { 0 };
	node_scene_kill(&scene, SIGKILL);
	node_scene_wait(&scene);
	char path[256];
	snprintf(path, sizeof(path), "%s/tmp/pvc-1.1", scene.pool);
	assert_int_equal(mkdir(path, 0700), 0);
	write_file(path, "image", "half of it");
	node_scene_start(&scene);
	assert_int_equal(node_client_stage(scene.channel, &loop, scene.staging, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	publish(&loop);
	write_file(scene.target, "mark", "kept");
	take_down();
	assert_int_equal(node_scene_entries(&scene, "tmp"), 0);
}

/* There, one file held the state of all volumes; cut short, it kept the driver from starting. */
static void defect_6_a_file_of_state_that_was_cut_short(void **state)
{
	struct error err = { 0 };
	char record[256];
	struct node_volume other = loop;
	other.name = "pvc-2";
	assert_done(node_client_create(scene.channel, &loop, &err), &err);
	assert_done(node_client_create(scene.channel, &other, &err), &err);
	snprintf(record, sizeof(record), "%s/volumes/pvc-2/record", scene.pool);
	assert_int_equal(truncate(record, 20), 0);
	restart(SIGKILL);
	publish(&loop);
	take_down();
}

/* There, after the node had been rebooted the loop device of a volume was never made again. */
static void defect_7_a_device_that_is_gone_after_a_reboot(void **state)
{
	struct error err = { 0 };
	publish(&loop);
	write_file(scene.target, "mark", "kept");
	node_scene_kill(&scene, SIGKILL);
	node_scene_wait(&scene);
	assert_int_equal(umount2(scene.target, 0), 0);
	assert_int_equal(umount2(scene.staging, 0), 0);
	assert_int_equal(node_scene_loops(&scene), 0);
	node_scene_start(&scene);
	assert_done(node_client_stage(scene.channel, &loop, scene.staging, &err), &err);
	assert_done(
		node_client_publish(scene.channel, &loop, scene.staging, scene.target, false, &err),
		&err);
	check_file(scene.target, "mark", "kept");
	take_down();
}

static bool has_option(const char *point, const char *option)
{
	CLEANUP_FREE char *text = NULL;
	char place[192];
	struct error err = { 0 };
	assert_done(file_read("/proc/self/mounts", 16 << 20, &text, NULL, &err), &err);
	snprintf(place, sizeof(place), " %s ", point);
	char *line = strstr(text, place);
	assert_non_null(line);
	line[strcspn(line, "\n")] = '\0';
	return strstr(line, option);
}

/* There, mount flags were dropped, and a second publication that asked for read-only was told OK
 * and stayed writable. */
static void defect_8_mount_flags_and_read_only_without_effect(void **state)
{
	struct node_volume flagged = loop;
	struct error err = { 0 };
	char second[128];
	flagged.mount_flag = "noatime";
	snprintf(second, sizeof(second), "%s", node_scene_path(&scene, "second"));
	publish(&flagged);
	assert_true(has_option(scene.target, "noatime"));
	assert_int_equal(node_client_publish(scene.channel, &flagged, scene.staging, scene.target,
					     true, &err),
			 -1);
	assert_int_equal(err.code, ERROR_EXISTS);
	assert_done(node_client_publish(scene.channel, &flagged, scene.staging, second, true, &err),
		    &err);
	char path[192];
	snprintf(path, sizeof(path), "%s/mark", second);
	assert_int_equal(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), -1);
	assert_int_equal(errno, EROFS);
	write_file(scene.target, "mark", "kept");
	assert_done(node_client_unpublish(scene.channel, "pvc-1", second, &err), &err);
	take_down();
}

/* There, a list of two entries had no token: all volumes behind them were invisible. */
static void defect_9_a_list_that_ends_too_early(void **state)
{
	char token[160] = "";
	unsigned seen = 0;
	for (unsigned i = 0; i < 5; i++) {
		struct node_volume volume = directory;
		struct error err = { 0 };
		char name[] = { 'p', 'v', 'c', '-', (char)('1' + i), '\0' };
		volume.name = name;
		assert_done(node_client_create(scene.channel, &volume, &err), &err);
	}
	do {
		Csi__V1__ListVolumesRequest request;
		ProtobufCMessage *message = NULL;
		struct error err = { 0 };
		csi__v1__list_volumes_request__init(&request);
		request.max_entries = 2;
		request.starting_token = token;
		assert_done(rpc_channel_call(scene.channel, "csi.v1.Controller", "ListVolumes",
					     &request.base,
					     &csi__v1__list_volumes_response__descriptor,
					     TIMEOUT_MS, &message, &err),
			    &err);
		const Csi__V1__ListVolumesResponse *response = (void *)message;
		seen += (unsigned)response->n_entries;
		snprintf(token, sizeof(token), "%s", response->next_token);
		protobuf_c_message_free_unpacked(message, NULL);
	} while (token[0] && seen < 100);
	assert_int_equal(seen, 5);
	for (unsigned i = 0; i < 5; i++) {
		struct error err = { 0 };
		char name[] = { 'p', 'v', 'c', '-', (char)('1' + i), '\0' };
		assert_done(node_client_delete(scene.channel, name, &err), &err);
	}
}

/* There, a file system that does not exist was accepted, and another one was used. */
static void defect_10_a_file_system_that_nobody_knows(void **state)
{
	struct node_volume odd = loop;
	struct error err = { 0 };
	odd.fs_type = "nosuchfs";
	assert_refused(node_client_create(scene.channel, &odd, &err), ERROR_INVALID, &err,
		       "nosuchfs");
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
}

/* There, a volume for writers on many nodes was made on the disk of one. */
static void defect_11_writers_on_many_nodes_of_one_disk(void **state)
{
	Csi__V1__CreateVolumeRequest request;
	Csi__V1__VolumeCapability capability;
	Csi__V1__VolumeCapability__MountVolume volume;
	Csi__V1__VolumeCapability__AccessMode mode;
	Csi__V1__VolumeCapability *capabilities[] = { &capability };
	ProtobufCMessage *message = NULL;
	struct error err = { 0 };
	char name[] = "pvc-1";
	csi__v1__create_volume_request__init(&request);
	csi__v1__volume_capability__init(&capability);
	csi__v1__volume_capability__mount_volume__init(&volume);
	csi__v1__volume_capability__access_mode__init(&mode);
	mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__MULTI_NODE_MULTI_WRITER;
	capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	capability.mount = &volume;
	capability.access_mode = &mode;
	request.name = name;
	request.volume_capabilities = capabilities;
	request.n_volume_capabilities = 1;
	assert_int_equal(rpc_channel_call(scene.channel, "csi.v1.Controller", "CreateVolume",
					  &request.base,
					  &csi__v1__create_volume_response__descriptor, TIMEOUT_MS,
					  &message, &err),
			 -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		NODE_TEST(defect_1_more_data_than_the_volume_is_large),
		NODE_TEST(defect_1_a_size_that_cannot_be_held_is_refused),
		NODE_TEST(defect_2_deleting_a_volume_that_a_pod_uses),
		NODE_TEST(defect_3_a_second_mount_stacked_on_the_target),
		NODE_TEST(defect_4_a_mount_that_the_driver_does_not_remember),
		NODE_TEST(defect_5_half_a_volume_taken_for_a_whole_one),
		NODE_TEST(defect_6_a_file_of_state_that_was_cut_short),
		NODE_TEST(defect_7_a_device_that_is_gone_after_a_reboot),
		NODE_TEST(defect_8_mount_flags_and_read_only_without_effect),
		NODE_TEST(defect_9_a_list_that_ends_too_early),
		NODE_TEST(defect_10_a_file_system_that_nobody_knows),
		NODE_TEST(defect_11_writers_on_many_nodes_of_one_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
