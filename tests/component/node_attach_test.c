/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Attachment (--attach, --max-volumes), on the real kernel.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
