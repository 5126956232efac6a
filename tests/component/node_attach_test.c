/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Attachment (--attach, --max-volumes) and the condition of volumes, on the real kernel.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "csi.pb-c.h"
#include "node_client.h"
#include "node_test.h"
#include "rpc/channel_call.h"
#include "test.h"

#define MIB (1ULL << 20)
#define TIMEOUT_MS 10000

static const struct node_volume one = {
	.name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
};
static const struct node_volume two = {
	.name = "pvc-2", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB
};

static int set_up_with(const char *attach, const char *max)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	scene.more_flags[0] = attach;
	scene.more_flags[1] = max;
	node_scene_start(&scene);
	return 0;
}

static int set_up_attaching(void **state)
{
	return set_up_with("--attach", "--max-volumes=1");
}

static int set_up_plain(void **state)
{
	return set_up_with(NULL, NULL);
}

static int set_up_on_a_small_disk(void **state)
{
	if (!node_scene_init_on_disk(&scene, TEST_NODE_PROGRAM, "ext4", "-b 4096 -m 0", 256 * MIB))
		return -1;
	node_scene_start(&scene);
	return 0;
}

static int attach_as(const char *id, const char *node_id, bool block, bool read_only,
		     struct error *err)
{
	Csi__V1__ControllerPublishVolumeRequest request;
	Csi__V1__VolumeCapability capability;
	Csi__V1__VolumeCapability__MountVolume mount;
	Csi__V1__VolumeCapability__BlockVolume device;
	Csi__V1__VolumeCapability__AccessMode mode;
	ProtobufCMessage *response = NULL;
	csi__v1__controller_publish_volume_request__init(&request);
	csi__v1__volume_capability__init(&capability);
	csi__v1__volume_capability__mount_volume__init(&mount);
	csi__v1__volume_capability__access_mode__init(&mode);
	mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;
	csi__v1__volume_capability__block_volume__init(&device);
	if (block) {
		capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
		capability.block = &device;
	} else {
		capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
		capability.mount = &mount;
	}
	capability.access_mode = &mode;
	request.volume_id = (char *)(uintptr_t)id;
	request.node_id = (char *)(uintptr_t)node_id;
	request.volume_capability = &capability;
	request.readonly = read_only;
	int outcome = rpc_channel_call(scene.channel, "csi.v1.Controller",
				       "ControllerPublishVolume", &request.base,
				       &csi__v1__controller_publish_volume_response__descriptor,
				       TIMEOUT_MS, &response, err);
	protobuf_c_message_free_unpacked(response, NULL);
	return outcome;
}

static int attach(const char *id, const char *node_id, bool read_only, struct error *err)
{
	return attach_as(id, node_id, false, read_only, err);
}

static int detach(const char *id, const char *node_id, struct error *err)
{
	Csi__V1__ControllerUnpublishVolumeRequest request;
	ProtobufCMessage *response = NULL;
	csi__v1__controller_unpublish_volume_request__init(&request);
	request.volume_id = (char *)(uintptr_t)id;
	request.node_id = (char *)(uintptr_t)node_id;
	int outcome = rpc_channel_call(scene.channel, "csi.v1.Controller",
				       "ControllerUnpublishVolume", &request.base,
				       &csi__v1__controller_unpublish_volume_response__descriptor,
				       TIMEOUT_MS, &response, err);
	protobuf_c_message_free_unpacked(response, NULL);
	return outcome;
}

struct status {
	bool abnormal;
	char text[512];
	size_t node_count;
};

static int get(const char *id, struct status *ret_status, struct error *err)
{
	Csi__V1__ControllerGetVolumeRequest request;
	ProtobufCMessage *message = NULL;
	csi__v1__controller_get_volume_request__init(&request);
	request.volume_id = (char *)(uintptr_t)id;
	if (rpc_channel_call(scene.channel, "csi.v1.Controller", "ControllerGetVolume",
			     &request.base, &csi__v1__controller_get_volume_response__descriptor,
			     TIMEOUT_MS, &message, err) < 0)
		return -1;
	const Csi__V1__ControllerGetVolumeResponse *response = (void *)message;
	assert_string_equal(response->volume->volume_id, id);
	ret_status->abnormal = response->status->volume_condition->abnormal;
	snprintf(ret_status->text, sizeof(ret_status->text), "%s",
		 response->status->volume_condition->message);
	ret_status->node_count = response->status->n_published_node_ids;
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}

static void list(struct status *ret_status)
{
	Csi__V1__ListVolumesRequest request;
	ProtobufCMessage *message = NULL;
	struct error err = { 0 };
	csi__v1__list_volumes_request__init(&request);
	assert_done(rpc_channel_call(scene.channel, "csi.v1.Controller", "ListVolumes",
				     &request.base, &csi__v1__list_volumes_response__descriptor,
				     TIMEOUT_MS, &message, &err),
		    &err);
	const Csi__V1__ListVolumesResponse *response = (void *)message;
	assert_int_equal(response->n_entries, 1);
	const Csi__V1__ListVolumesResponse__VolumeStatus *status = response->entries[0]->status;
	ret_status->abnormal = status->volume_condition->abnormal;
	ret_status->node_count = status->n_published_node_ids;
	protobuf_c_message_free_unpacked(message, NULL);
}

static void a_volume_is_attached_before_it_is_staged_and_says_so(void **state)
{
	struct error err = { 0 };
	struct status status = { 0 };
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_refused(node_client_stage(scene.channel, &one, scene.staging, &err), ERROR_IN_USE,
		       &err, "ControllerPublishVolume comes first");
	assert_done(attach("pvc-1", "node-1", false, &err), &err);
	assert_done(attach("pvc-1", "node-1", false, &err), &err);
	node_scene_restart(&scene, SIGKILL);
	list(&status);
	assert_int_equal(status.node_count, 1);
	assert_done(get("pvc-1", &status, &err), &err);
	assert_int_equal(status.node_count, 1);
	assert_done(node_client_stage(scene.channel, &one, scene.staging, &err), &err);
	assert_refused(detach("pvc-1", "node-1", &err), ERROR_IN_USE, &err, "is mounted at");
	assert_refused(node_client_delete(scene.channel, "pvc-1", &err), ERROR_IN_USE, &err,
		       "attached");
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_refused(node_client_delete(scene.channel, "pvc-1", &err), ERROR_IN_USE, &err,
		       "attached");
	assert_done(detach("pvc-1", "", &err), &err);
	assert_done(detach("pvc-1", "node-1", &err), &err);
	list(&status);
	assert_int_equal(status.node_count, 0);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
	assert_done(detach("pvc-1", "node-1", &err), &err);
}

/* A device alone is nothing that is mounted. */
static void a_block_volume_is_detached_when_it_is_neither_published_nor_staged(void **state)
{
	static const struct node_volume block = {
		.name = "pvc-1",
		.backend = "loop",
		.fs_type = "",
		.size_bytes = 16 * MIB,
		.block = true,
	};
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &block, &err), &err);
	assert_done(attach_as("pvc-1", "node-1", true, false, &err), &err);
	assert_done(node_client_stage(scene.channel, &block, scene.staging, &err), &err);
	assert_refused(detach("pvc-1", "node-1", &err), ERROR_IN_USE, &err, "it is staged");
	assert_done(node_client_publish(scene.channel, &block, scene.staging, scene.target, false,
					&err),
		    &err);
	assert_refused(detach("pvc-1", "node-1", &err), ERROR_IN_USE, &err, scene.target);
	assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err), &err);
	assert_refused(detach("pvc-1", "node-1", &err), ERROR_IN_USE, &err, "it is staged");
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(detach("pvc-1", "node-1", &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static void what_is_attached_read_only_cannot_be_written_by_any_pod(void **state)
{
	struct error err = { 0 };
	char file[192];
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_done(attach("pvc-1", "node-1", true, &err), &err);
	assert_refused(attach("pvc-1", "node-1", false, &err), ERROR_EXISTS, &err, "read-only");
	assert_done(node_client_stage(scene.channel, &one, scene.staging, &err), &err);
	assert_done(
		node_client_publish(scene.channel, &one, scene.staging, scene.target, false, &err),
		&err);
	snprintf(file, sizeof(file), "%s/file", scene.target);
	assert_null(fopen(file, "w"));
	assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(detach("pvc-1", "node-1", &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static void a_node_takes_no_more_volumes_than_it_was_told(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_done(node_client_create(scene.channel, &two, &err), &err);
	assert_done(attach("pvc-1", "node-1", false, &err), &err);
	assert_refused(attach("pvc-2", "node-1", false, &err), ERROR_EXHAUSTED, &err,
		       "--max-volumes=1");
	assert_done(attach("pvc-1", "node-1", false, &err), &err);
	assert_done(detach("pvc-1", "node-1", &err), &err);
	assert_done(attach("pvc-2", "node-1", false, &err), &err);
	assert_done(detach("pvc-2", "node-1", &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-2", &err), &err);
}

static void unknown_volumes_and_nodes_are_not_found(void **state)
{
	struct error err = { 0 };
	struct status status = { 0 };
	assert_refused(attach("pvc-9", "node-1", false, &err), ERROR_NOT_FOUND, &err, "pvc-9");
	assert_refused(get("pvc-9", &status, &err), ERROR_NOT_FOUND, &err, "pvc-9");
	assert_refused(get("", &status, &err), ERROR_INVALID, &err, "volume_id");
	assert_done(detach("pvc-9", "node-1", &err), &err);
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_refused(attach("pvc-1", "node-7", false, &err), ERROR_NOT_FOUND, &err, "node-7");
	assert_refused(attach("pvc-1", "", false, &err), ERROR_INVALID, &err, "node_id");
	assert_refused(attach("", "node-1", false, &err), ERROR_INVALID, &err, "volume_id");
	assert_refused(detach("", "node-1", &err), ERROR_INVALID, &err, "volume_id");
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static void without_the_flag_no_volume_is_attached(void **state)
{
	struct error err = { 0 };
	assert_refused(attach("pvc-1", "node-1", false, &err), ERROR_UNSUPPORTED, &err, "");
}

/* Then no call can detach it any more. */
static void what_was_attached_is_deleted_and_staged_without_the_flag(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_done(attach("pvc-1", "node-1", true, &err), &err);
	node_scene_kill(&scene, SIGKILL);
	node_scene_wait(&scene);
	scene.more_flags[0] = scene.more_flags[1] = NULL;
	node_scene_start(&scene);
	assert_done(node_client_stage(scene.channel, &one, scene.staging, &err), &err);
	assert_refused(node_client_delete(scene.channel, "pvc-1", &err), ERROR_IN_USE, &err,
		       "mounted at");
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static void look(const char *text)
{
	struct error err = { 0 };
	struct status status = { 0 };
	assert_done(get("pvc-1", &status, &err), &err);
	assert_int_equal(status.abnormal, text != NULL);
	if (text && !strstr(status.text, text))
		print_error("%s\n", status.text);
	assert_true(!text || strstr(status.text, text));
	list(&status);
	assert_int_equal(status.abnormal, text != NULL);
}

static void a_volume_whose_image_is_gone_or_cut_is_abnormal(void **state)
{
	struct error err = { 0 };
	char image[192], away[192];
	snprintf(image, sizeof(image), "%s/volumes/pvc-1/image", scene.pool);
	snprintf(away, sizeof(away), "%s/volumes/pvc-1/image.away", scene.pool);
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	look(NULL);
	assert_int_equal(rename(image, away), 0);
	look("the data is not there");
	assert_int_equal(rename(away, image), 0);
	look(NULL);
	assert_done(node_client_stage(scene.channel, &one, scene.staging, &err), &err);
	look(NULL);
	assert_int_equal(truncate(image, 32 * MIB), 0);
	look("it was cut");
	assert_int_equal(truncate(image, 64 * MIB), 0);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

/* ext4 lets itself be told that it has an error (Documentation/admin-guide/ext4.rst). */
static void a_file_system_that_met_an_error_is_read_only_and_abnormal(void **state)
{
	struct error err = { 0 };
	uint64_t bytes = 0, inodes = 0;
	char command[256];
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	assert_done(node_client_stage(scene.channel, &one, scene.staging, &err), &err);
	snprintf(command, sizeof(command),
		 "echo test > /sys/fs/ext4/$(basename $(findmnt -no SOURCE %s))/trigger_fs_error",
		 scene.staging);
	assert_int_equal(system(command), 0);
	look("became read-only after an error");
	assert_done(node_client_stats(scene.channel, "pvc-1", scene.staging, &bytes, &inodes, &err),
		    &err);
	assert_true(bytes > 0);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

/* The file system alone, not its mounts: as it does itself after an error. */
static void make_read_only(const char *path, const char *flag)
{
	int fd = fspick(AT_FDCWD, path, FSPICK_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fsconfig(fd, FSCONFIG_SET_FLAG, flag, NULL, 0), 0);
	assert_int_equal(fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0), 0);
	close(fd);
}

static void a_file_system_that_became_read_only_is_abnormal(void **state)
{
	static const struct node_volume volumes[] = {
		{ .name = "pvc-1", .backend = "loop", .fs_type = "ext4", .size_bytes = 64 * MIB },
		{ .name = "pvc-1", .backend = "loop", .fs_type = "btrfs", .size_bytes = 256 * MIB },
	};
	struct error err = { 0 };
	for (size_t i = 0; i < 2; i++) {
		assert_done(node_client_create(scene.channel, &volumes[i], &err), &err);
		assert_done(node_client_stage(scene.channel, &volumes[i], scene.staging, &err),
			    &err);
		look(NULL);
		make_read_only(scene.staging, "ro");
		look("became read-only after an error");
		make_read_only(scene.staging, "rw");
		look(NULL);
		assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
		assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
	}
}

/* As the file system itself does it when its log cannot be written (xfs_fs.h: GOINGDOWN). */
static void a_file_system_that_was_shut_down_is_abnormal(void **state)
{
	static const struct node_volume xfs = {
		.name = "pvc-1", .backend = "loop", .fs_type = "xfs", .size_bytes = 300 * MIB
	};
	struct error err = { 0 };
	uint32_t without_its_log = 2;
	assert_done(node_client_create(scene.channel, &xfs, &err), &err);
	assert_done(node_client_stage(scene.channel, &xfs, scene.staging, &err), &err);
	look(NULL);
	int fd = open(scene.staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ioctl(fd, _IOR('X', 125, uint32_t), &without_its_log), 0);
	close(fd);
	look("was shut down after an error");
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_stage(scene.channel, &xfs, scene.staging, &err), &err);
	look(NULL);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

static void a_thin_volume_on_a_full_disk_is_abnormal_until_there_is_room(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_create(scene.channel, &one, &err), &err);
	look(NULL);
	loop_disk_fill(&scene.disk);
	look("is full, and this volume has still to take");
	loop_disk_make_room(&scene.disk);
	look(NULL);
	assert_done(node_client_delete(scene.channel, "pvc-1", &err), &err);
}

#define ATTACH_TEST(name)                                                                          \
	cmocka_unit_test_setup_teardown(name, set_up_attaching, node_test_tear_down)
#define PLAIN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_plain, node_test_tear_down)

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		ATTACH_TEST(a_volume_is_attached_before_it_is_staged_and_says_so),
		ATTACH_TEST(a_block_volume_is_detached_when_it_is_neither_published_nor_staged),
		ATTACH_TEST(what_is_attached_read_only_cannot_be_written_by_any_pod),
		ATTACH_TEST(a_node_takes_no_more_volumes_than_it_was_told),
		ATTACH_TEST(unknown_volumes_and_nodes_are_not_found),
		ATTACH_TEST(what_was_attached_is_deleted_and_staged_without_the_flag),
		PLAIN_TEST(without_the_flag_no_volume_is_attached),
		PLAIN_TEST(a_volume_whose_image_is_gone_or_cut_is_abnormal),
		PLAIN_TEST(a_file_system_that_met_an_error_is_read_only_and_abnormal),
		PLAIN_TEST(a_file_system_that_became_read_only_is_abnormal),
		PLAIN_TEST(a_file_system_that_was_shut_down_is_abnormal),
		cmocka_unit_test_setup_teardown(
			a_thin_volume_on_a_full_disk_is_abnormal_until_there_is_room,
			set_up_on_a_small_disk, node_test_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
