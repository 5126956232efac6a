/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Raw block volumes on the real kernel, through the plugin's socket: what is written to the device
 * is there again after the plugin, or the node, was restarted.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/fs.h>
#include <linux/loop.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "csi.pb-c.h"
#include "node_client.h"
#include "node_test.h"
#include "rpc/channel_call.h"
#include "test.h"

#define MIB (1ULL << 20)
#define BLOCK_BYTES 4096
#define TIMEOUT_MS 10000

static const char *second;

static const struct node_volume volume = {
	.name = "pvc-1",
	.backend = "loop",
	.fs_type = "",
	.size_bytes = 16 * MIB,
	.block = true,
};

static int set_up(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	node_scene_start(&scene);
	second = strdup(node_scene_path(&scene, "target-2"));
	return 0;
}

static int tear_down(void **state)
{
	node_scene_done(&scene);
	free((char *)second);
	return 0;
}

static void restart(void)
{
	node_scene_restart(&scene, SIGKILL);
}

static void create_and_stage(void)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	assert_done(node_client_stage(scene.channel, &volume, scene.staging, &err), &err);
}

static void publish(void)
{
	struct error err = { 0 };
	assert_done(node_client_publish(scene.channel, &volume, scene.staging, scene.target, false,
					&err),
		    &err);
}

static void down(void)
{
	struct error err = { 0 };
	assert_done(node_scene_take_down(&scene, volume.name, &err), &err);
	assert_int_equal(node_scene_mounts(&scene), 0);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
	assert_int_equal(access(scene.target, F_OK), -1);
}

static void write_block(const char *device, const char *content)
{
	char block[BLOCK_BYTES] = "";
	CLEANUP_CLOSE int fd = open(device, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	snprintf(block, sizeof(block), "%s", content);
	assert_int_equal(pwrite(fd, block, sizeof(block), MIB), sizeof(block));
	assert_int_equal(fsync(fd), 0);
}

static void check_block(const char *device, const char *content)
{
	char block[BLOCK_BYTES] = "";
	CLEANUP_CLOSE int fd = open(device, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ioctl(fd, BLKFLSBUF, 0);
	assert_int_equal(pread(fd, block, sizeof(block), MIB), sizeof(block));
	assert_string_equal(block, content);
}

static unsigned loop_number(const char *device)
{
	struct stat node;
	assert_int_equal(stat(device, &node), 0);
	assert_true(S_ISBLK(node.st_mode));
	assert_int_equal(major(node.st_rdev), 7);
	return minor(node.st_rdev);
}

/* As a restart of the node does. */
static void detach_by_hand(unsigned number)
{
	char path[32];
	snprintf(path, sizeof(path), "/dev/loop%u", number);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, LOOP_CLR_FD), 0);
}

static unsigned staged_number(void)
{
	char command[256], line[64] = "";
	snprintf(command, sizeof(command),
		 "losetup -n -O NAME -j %s/volumes/pvc-1/image | head -n 1", scene.pool);
	FILE *output = popen(command, "r");
	assert_non_null(output);
	assert_non_null(fgets(line, sizeof(line), output));
	pclose(output);
	unsigned number = 0;
	assert_int_equal(sscanf(line, "/dev/loop%u", &number), 1);
	return number;
}

static void what_is_written_with_dd_is_in_the_image_and_comes_back(void **state)
{
	struct error err = { 0 };
	char command[768];
	uint64_t bytes = 0;
	create_and_stage();
	publish();
	int fd = open(scene.target, O_RDONLY | O_CLOEXEC);
	assert_int_equal(ioctl(fd, BLKGETSIZE64, &bytes), 0);
	close(fd);
	assert_int_equal(bytes, volume.size_bytes);
	snprintf(command, sizeof(command),
		 "dd if=/dev/urandom of=%s/data bs=1M count=16 status=none && "
		 "dd if=%s/data of=%s bs=1M conv=fsync status=none && "
		 "cmp %s/data %s/volumes/pvc-1/image",
		 scene.folder, scene.folder, scene.target, scene.folder, scene.pool);
	assert_int_equal(system(command), 0);
	assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_done(node_client_stage(scene.channel, &volume, scene.staging, &err), &err);
	publish();
	snprintf(command, sizeof(command), "cmp %s/data %s && rm %s/data", scene.folder,
		 scene.target, scene.folder);
	assert_int_equal(system(command), 0);
	down();
}

static void the_device_outlives_the_plugin(void **state)
{
	create_and_stage();
	restart();
	assert_int_equal(node_scene_loops(&scene), 1);
	publish();
	assert_int_equal(node_scene_loops(&scene), 1);
	write_block(scene.target, "kept");
	unsigned number = loop_number(scene.target);
	restart();
	publish();
	assert_int_equal(loop_number(scene.target), number);
	check_block(scene.target, "kept");
	down();
}

static void after_a_reboot_it_is_attached_again(void **state)
{
	struct error err = { 0 };
	create_and_stage();
	publish();
	write_block(scene.target, "kept");
	assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err), &err);
	for (int stage_first = 0; stage_first < 2; stage_first++) {
		detach_by_hand(staged_number());
		assert_int_equal(node_scene_loops(&scene), 0);
		restart();
		if (stage_first)
			assert_done(node_client_stage(scene.channel, &volume, scene.staging, &err),
				    &err);
		publish();
		check_block(scene.target, "kept");
		assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err),
			    &err);
	}
	down();
}

/* Attaches another image at that very number; false if somebody else took it first. */
static bool attach_stranger(unsigned number)
{
	char command[768];
	snprintf(command, sizeof(command),
		 "truncate -s 1M %s/stranger && losetup /dev/loop%u %s/stranger 2>/dev/null",
		 scene.folder, number, scene.folder);
	return system(command) == 0;
}

static void a_number_that_passed_to_another_image_is_not_given_out(void **state)
{
	struct error err = { 0 };
	uint64_t bytes = 0, inodes = 0;
	create_and_stage();
	publish();
	write_block(scene.target, "kept");
	unsigned number = loop_number(scene.target);
	detach_by_hand(number);
	bool taken = attach_stranger(number);
	if (taken) {
		assert_int_equal(node_client_stats(scene.channel, "pvc-1", scene.target, &bytes,
						   &inodes, &err),
				 -1);
		assert_int_equal(err.code, ERROR_NOT_FOUND);
	}
	publish();
	check_block(scene.target, "kept");
	if (taken) {
		assert_int_not_equal(loop_number(scene.target), number);
		detach_by_hand(number);
	}
	assert_done(node_client_stats(scene.channel, "pvc-1", scene.target, &bytes, &inodes, &err),
		    &err);
	assert_int_equal(bytes, volume.size_bytes);
	down();
}

static void fill_capability(Csi__V1__VolumeCapability *capability,
			    Csi__V1__VolumeCapability__BlockVolume *block,
			    Csi__V1__VolumeCapability__AccessMode *mode)
{
	csi__v1__volume_capability__init(capability);
	csi__v1__volume_capability__block_volume__init(block);
	csi__v1__volume_capability__access_mode__init(mode);
	mode->mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;
	capability->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
	capability->block = block;
	capability->access_mode = mode;
}

/* A class whose directories cannot be held to their size in this pool: its devices can. */
static char class_names[2][8] = { "backend", "enforce" };
static char class_values[2][16] = { "directory", "true" };

static void a_class_of_directories_tells_its_room_for_devices(void **state)
{
	struct error err = { 0 };
	Csi__V1__GetCapacityRequest request;
	Csi__V1__GetCapacityRequest__ParametersEntry entries[2], *parameters[2];
	Csi__V1__VolumeCapability capability, *capabilities = &capability;
	Csi__V1__VolumeCapability__BlockVolume block;
	Csi__V1__VolumeCapability__AccessMode mode;
	ProtobufCMessage *message = NULL;
	csi__v1__get_capacity_request__init(&request);
	fill_capability(&capability, &block, &mode);
	for (int i = 0; i < 2; i++) {
		csi__v1__get_capacity_request__parameters_entry__init(&entries[i]);
		entries[i].key = class_names[i];
		entries[i].value = class_values[i];
		parameters[i] = &entries[i];
	}
	request.parameters = parameters;
	request.n_parameters = 2;
	request.volume_capabilities = &capabilities;
	request.n_volume_capabilities = 1;
	assert_done(rpc_channel_call(scene.channel, "csi.v1.Controller", "GetCapacity",
				     &request.base, &csi__v1__get_capacity_response__descriptor,
				     TIMEOUT_MS, &message, &err),
		    &err);
	const Csi__V1__GetCapacityResponse *response = (void *)message;
	assert_true(response->available_capacity > 0);
	assert_int_equal(response->minimum_volume_size->value, 4096);
	protobuf_c_message_free_unpacked(message, NULL);
}

/* What a class would say of the volume; "" if it could have made it. */
static void validate(const char *key, const char *value, char ret_text[static 256])
{
	struct error err = { 0 };
	Csi__V1__ValidateVolumeCapabilitiesRequest request;
	Csi__V1__ValidateVolumeCapabilitiesRequest__ParametersEntry entry, *entries = &entry;
	Csi__V1__VolumeCapability capability, *capabilities = &capability;
	Csi__V1__VolumeCapability__BlockVolume block;
	Csi__V1__VolumeCapability__AccessMode mode;
	ProtobufCMessage *message = NULL;
	csi__v1__validate_volume_capabilities_request__init(&request);
	csi__v1__validate_volume_capabilities_request__parameters_entry__init(&entry);
	fill_capability(&capability, &block, &mode);
	entry.key = (char *)(uintptr_t)key;
	entry.value = (char *)(uintptr_t)value;
	request.volume_id = (char *)(uintptr_t)volume.name;
	request.parameters = &entries;
	request.n_parameters = 1;
	request.volume_capabilities = &capabilities;
	request.n_volume_capabilities = 1;
	assert_done(rpc_channel_call(scene.channel, "csi.v1.Controller",
				     "ValidateVolumeCapabilities", &request.base,
				     &csi__v1__validate_volume_capabilities_response__descriptor,
				     TIMEOUT_MS, &message, &err),
		    &err);
	const Csi__V1__ValidateVolumeCapabilitiesResponse *response = (void *)message;
	assert_int_equal(response->confirmed == NULL, response->message[0] != '\0');
	snprintf(ret_text, 256, "%s", response->message);
	protobuf_c_message_free_unpacked(message, NULL);
}

static void a_class_is_confirmed_if_it_could_have_made_the_device(void **state)
{
	struct error err = { 0 };
	char text[256];
	assert_done(node_client_create(scene.channel, &volume, &err), &err);
	validate("backend", "loop", text);
	assert_string_equal(text, "");
	validate("backend", "directory", text);
	assert_string_equal(text, "");
	validate("provisioning", "thick", text);
	assert_non_null(strstr(text, "parameter provisioning"));
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

/* Opening it is allowed by some kernels. */
static void cannot_write(const char *device)
{
	static const char block[BLOCK_BYTES] = "intruder";
	CLEANUP_CLOSE int fd = open(device, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		assert_int_equal(pwrite(fd, block, sizeof(block), MIB), -1);
}

static void a_reader_cannot_write_beside_a_writer_who_can(void **state)
{
	struct error err = { 0 };
	create_and_stage();
	publish();
	assert_done(node_client_publish(scene.channel, &volume, scene.staging, second, true, &err),
		    &err);
	assert_int_not_equal(loop_number(scene.target), loop_number(second));
	cannot_write(second);
	/* A pod's runtime makes a node of its own: the mount's read-only does not reach it. */
	const char *own = node_scene_path(&scene, "own-node");
	assert_int_equal(mknod(own, S_IFBLK | 0600, makedev(7, loop_number(second))), 0);
	CLEANUP_CLOSE int fd = open(own, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	int off = 0;
	ioctl(fd, BLKROSET, &off);
	cannot_write(own);
	assert_int_equal(unlink(own), 0);
	close(TAKE_FD(fd));
	write_block(scene.target, "new");
	check_block(second, "new");
	assert_done(node_client_unpublish(scene.channel, "pvc-1", second, &err), &err);
	down();
}

static void its_size_is_all_that_its_figures_say(void **state)
{
	struct error err = { 0 };
	uint64_t bytes = 0, inodes = 77;
	create_and_stage();
	publish();
	assert_done(node_client_stats(scene.channel, "pvc-1", scene.target, &bytes, &inodes, &err),
		    &err);
	assert_int_equal(bytes, volume.size_bytes);
	assert_int_equal(inodes, 77);
	down();
}

static void mounting_it_is_refused(void **state)
{
	struct error err = { 0 };
	struct node_volume mounted = volume;
	mounted.block = false;
	create_and_stage();
	assert_int_equal(node_client_stage(scene.channel, &mounted, scene.staging, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_int_equal(node_client_publish(scene.channel, &mounted, scene.staging, scene.target,
					     false, &err),
			 -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	publish();
	assert_int_equal(node_client_delete(scene.channel, "pvc-1", &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	down();
}

/* Nothing is put there, so nothing but the device tells that it is staged. */
static void it_is_unstaged_where_the_folder_around_its_staging_path_is_gone(void **state)
{
	struct error err = { 0 };
	const char *gone = node_scene_path(&scene, "gone/staging");
	create_and_stage();
	assert_int_equal(node_scene_loops(&scene), 1);
	assert_done(node_client_unstage(scene.channel, volume.name, gone, &err), &err);
	assert_int_equal(node_scene_loops(&scene), 0);
	assert_done(node_client_delete(scene.channel, volume.name, &err), &err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_with_dd_is_in_the_image_and_comes_back),
		TEST(the_device_outlives_the_plugin),
		TEST(after_a_reboot_it_is_attached_again),
		TEST(a_number_that_passed_to_another_image_is_not_given_out),
		TEST(a_reader_cannot_write_beside_a_writer_who_can),
		TEST(a_class_of_directories_tells_its_room_for_devices),
		TEST(a_class_is_confirmed_if_it_could_have_made_the_device),
		TEST(its_size_is_all_that_its_figures_say),
		TEST(mounting_it_is_refused),
		TEST(it_is_unstaged_where_the_folder_around_its_staging_path_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
