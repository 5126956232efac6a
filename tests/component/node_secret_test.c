/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Encrypted volumes and the secrets that open them, with the real program on the real kernel: what
 * is on the disk cannot be read, and what the secret was cannot be found anywhere afterwards.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "memory_search.h"
#include "node_client.h"
#include "node_test.h"
#include "rpc/channel_call.h"
#include "test.h"

#define KEY_HEAD "wLq8ZVY3aGJkMnF4"
#define KEY_TAIL "0Tk5ybU9tQkR3Zz0"
#define KEY KEY_HEAD "b1NoZkp" KEY_TAIL
#define OTHER_KEY "ThisIsTheSecretOfSomebodyElseAltogether="
#define MARKER "the marker that must not be found on the disk"
#define NAME "a-telling-name-of-a-file"

static struct node_volume volume_of(const char *name, const char *key)
{
	return (struct node_volume) {
		.name = name,
		.backend = "loop",
		.fs_type = "ext4",
		.size_bytes = 64 << 20,
		.encryption = key ? "fscrypt" : NULL,
		.key = key,
	};
}

#define ASSERT_OK(call)                                                                            \
	do {                                                                                       \
		struct error ok_err = { 0 };                                                       \
		if ((call) < 0)                                                                    \
			fail_msg("%s: %s", #call, ok_err.text);                                    \
	} while (0)

static bool file_holds(int fd, const char *what)
{
	size_t length = strlen(what), kept = 0;
	CLEANUP_FREE char *buffer = must_alloc(1 << 20);
	for (;;) {
		ssize_t got = read(fd, buffer + kept, (1 << 20) - kept);
		if (got <= 0)
			return false;
		size_t have = kept + (size_t)got;
		if (memmem(buffer, have, what, length))
			return true;
		kept = have < length ? have : length - 1;
		memmove(buffer, buffer + have - kept, kept);
	}
}

static bool pool_file_holds(const char *name, const char *what)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/volumes/%s", scene.pool, name);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	return file_holds(fd, what);
}

static void write_marker(const char *folder)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/" NAME, folder);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, MARKER, strlen(MARKER)), strlen(MARKER));
	assert_int_equal(fsync(fd), 0);
}

static bool marker_is_there(const char *folder)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/" NAME, folder);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && file_holds(fd, MARKER);
}

static void check_forgotten(void)
{
	assert_true(memory_search(scene.pid, "node-1")); /* the search finds what is there */
	assert_false(memory_search(scene.pid, KEY_HEAD));
	assert_false(memory_search(scene.pid, KEY_TAIL));
	assert_false(node_scene_logged(&scene, KEY_HEAD, ""));
	assert_false(node_scene_logged(&scene, KEY_TAIL, ""));
}

static void contents_and_names_of_an_encrypted_volume_are_not_on_the_disk(void **state)
{
	const char *staging = node_scene_make_folder(&scene, "staging");
	const char *keys[] = { KEY, NULL };
	const char *images[] = { "pvc-enc-0/image", "pvc-enc-1/image" };
	const char *names[] = { "pvc-enc-0", "pvc-enc-1" };
	for (int plain = 0; plain < 2; plain++) {
		struct node_volume volume = volume_of(names[plain], keys[plain]);
		ASSERT_OK(node_client_create(scene.channel, &volume, &ok_err));
		ASSERT_OK(node_client_stage(scene.channel, &volume, staging, &ok_err));
		write_marker(staging);
		assert_true(marker_is_there(staging));
		ASSERT_OK(node_client_unstage(scene.channel, volume.name, staging, &ok_err));
		assert_int_equal(pool_file_holds(images[plain], MARKER), plain);
		assert_int_equal(pool_file_holds(images[plain], NAME), plain);
		ASSERT_OK(node_client_stage(scene.channel, &volume, staging, &ok_err));
		assert_true(marker_is_there(staging));
		ASSERT_OK(node_client_unstage(scene.channel, volume.name, staging, &ok_err));
		ASSERT_OK(node_client_delete(scene.channel, volume.name, &ok_err));
	}
	check_forgotten();
}

static void a_wrong_or_missing_key_is_refused_and_harms_nothing(void **state)
{
	const char *staging = node_scene_make_folder(&scene, "staging");
	struct node_volume volume = volume_of("pvc-key", KEY);
	struct error err = { 0 };
	ASSERT_OK(node_client_create(scene.channel, &volume, &ok_err));
	ASSERT_OK(node_client_stage(scene.channel, &volume, staging, &ok_err));
	write_marker(staging);
	volume.key = OTHER_KEY; /* for a volume that is staged, too */
	assert_int_equal(node_client_stage(scene.channel, &volume, staging, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_true(marker_is_there(staging));
	ASSERT_OK(node_client_unstage(scene.channel, volume.name, staging, &ok_err));

	assert_refused(node_client_stage(scene.channel, &volume, staging, &err), ERROR_INVALID,
		       &err, "encryptionKey is not the key");
	volume.key = NULL;
	assert_refused(node_client_stage(scene.channel, &volume, staging, &err), ERROR_INVALID,
		       &err, "encryptionKey is missing");
	volume.key = "too short";
	assert_int_equal(node_client_stage(scene.channel, &volume, staging, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_null(strstr(err.text, "too short"));
	assert_int_equal(node_scene_mounts(&scene), 0);
	assert_int_equal(node_scene_loops(&scene), 0);

	volume.key = KEY;
	ASSERT_OK(node_client_stage(scene.channel, &volume, staging, &ok_err));
	assert_true(marker_is_there(staging));
	ASSERT_OK(node_client_stage(scene.channel, &volume, staging, &ok_err));
	ASSERT_OK(node_client_unstage(scene.channel, volume.name, staging, &ok_err));
	ASSERT_OK(node_client_delete(scene.channel, volume.name, &ok_err));
	assert_false(node_scene_logged(&scene, OTHER_KEY, ""));
	check_forgotten();
}

static void pods_see_the_encrypted_folder_alone(void **state)
{
	const char *staging = node_scene_make_folder(&scene, "staging");
	const char *target = node_scene_path(&scene, "target");
	struct node_volume volume = volume_of("pvc-pod", KEY);
	char path[256];
	ASSERT_OK(node_client_create(scene.channel, &volume, &ok_err));
	ASSERT_OK(node_client_stage(scene.channel, &volume, staging, &ok_err));
	ASSERT_OK(node_client_publish(scene.channel, &volume, staging, target, false, &ok_err));
	write_marker(target);
	snprintf(path, sizeof(path), "%s/lost+found", target);
	assert_int_equal(access(path, F_OK), -1);
	node_scene_kill(&scene, SIGKILL); /* the pod goes on, and so does the next process */
	node_scene_wait(&scene);
	assert_true(marker_is_there(target));
	node_scene_start(&scene);
	ASSERT_OK(node_client_stage(scene.channel, &volume, staging, &ok_err));
	ASSERT_OK(node_client_unpublish(scene.channel, volume.name, target, &ok_err));
	ASSERT_OK(node_client_unstage(scene.channel, volume.name, staging, &ok_err));
	ASSERT_OK(node_client_delete(scene.channel, volume.name, &ok_err));
	check_forgotten();
}

static void what_cannot_be_encrypted_is_refused_by_create(void **state)
{
	struct error err = { 0 };
	struct node_volume volume = volume_of("pvc-no", KEY);
	volume.fs_type = "xfs";
	volume.size_bytes = 512 << 20;
	assert_refused(node_client_create(scene.channel, &volume, &err), ERROR_INVALID, &err,
		       "xfs cannot encrypt");
	volume.fs_type = "";
	volume.backend = "directory";
	assert_refused(node_client_create(scene.channel, &volume, &err), ERROR_INVALID, &err,
		       "parameter encryption");
}

/* Each message of CSI that carries secrets; all their maps look alike. */
struct secret_call {
	const char *service;
	const char *method;
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *response;
};

#define SECRET_CALL(service, name, snake)                                                          \
	{                                                                                          \
		"csi.v1." #service, #name, &csi__v1__##snake##_request__descriptor,                \
			&csi__v1__##snake##_response__descriptor                                   \
	}

static const struct secret_call secret_calls[] = {
	SECRET_CALL(Controller, CreateVolume, create_volume),
	SECRET_CALL(Controller, DeleteVolume, delete_volume),
	SECRET_CALL(Controller, ControllerPublishVolume, controller_publish_volume),
	SECRET_CALL(Controller, ControllerUnpublishVolume, controller_unpublish_volume),
	SECRET_CALL(Controller, ValidateVolumeCapabilities, validate_volume_capabilities),
	SECRET_CALL(Controller, CreateSnapshot, create_snapshot),
	SECRET_CALL(Controller, DeleteSnapshot, delete_snapshot),
	SECRET_CALL(Controller, ListSnapshots, list_snapshots),
	SECRET_CALL(Controller, GetSnapshot, get_snapshot),
	SECRET_CALL(Controller, ControllerExpandVolume, controller_expand_volume),
	SECRET_CALL(Controller, ControllerModifyVolume, controller_modify_volume),
	SECRET_CALL(GroupController, CreateVolumeGroupSnapshot, create_volume_group_snapshot),
	SECRET_CALL(GroupController, DeleteVolumeGroupSnapshot, delete_volume_group_snapshot),
	SECRET_CALL(GroupController, GetVolumeGroupSnapshot, get_volume_group_snapshot),
	SECRET_CALL(Node, NodeStageVolume, node_stage_volume),
	SECRET_CALL(Node, NodePublishVolume, node_publish_volume),
	SECRET_CALL(Node, NodeExpandVolume, node_expand_volume),
};

typedef Csi__V1__NodeStageVolumeRequest__SecretsEntry secrets_entry;

static void *member(ProtobufCMessage *message, unsigned offset)
{
	return (char *)message + offset;
}

static void fill_strings(ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		if (field->type == PROTOBUF_C_TYPE_STRING &&
		    field->label != PROTOBUF_C_LABEL_REPEATED)
			*(const char **)member(message, field->offset) = "pvc-none";
	}
}

/* What is not served is refused before it is read: such a message never comes into our hands. */
static bool is_served(const struct secret_call *call)
{
	struct error err = { 0 };
	CLEANUP_FREE ProtobufCMessage *request = must_alloc(call->request->sizeof_message);
	ProtobufCMessage *response = NULL;
	protobuf_c_message_init(call->request, request);
	if (rpc_channel_call(scene.channel, call->service, call->method, request, call->response,
			     5000, &response, &err) == 0)
		protobuf_c_message_free_unpacked(response, NULL);
	return !strstr(err.text, "not served here");
}

static void send_secret(const struct secret_call *call)
{
	struct error err = { 0 };
	CLEANUP_FREE ProtobufCMessage *request = must_alloc(call->request->sizeof_message);
	ProtobufCMessage *response = NULL;
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(call->request, "secrets");
	assert_non_null(field);
	protobuf_c_message_init(call->request, request);
	fill_strings(request);
	secrets_entry entry;
	secrets_entry *entries[] = { &entry };
	protobuf_c_message_init(field->descriptor, &entry.base);
	entry.key = (char *)"encryptionKey";
	entry.value = (char *)KEY;
	*(size_t *)member(request, field->quantifier_offset) = 1;
	*(secrets_entry ***)member(request, field->offset) = entries;
	if (rpc_channel_call(scene.channel, call->service, call->method, request, call->response,
			     5000, &response, &err) == 0)
		protobuf_c_message_free_unpacked(response, NULL);
	assert_null(strstr(err.text, KEY_HEAD));
	assert_null(strstr(err.text, KEY_TAIL));
}

static void no_call_leaves_a_secret_anywhere(void **state)
{
	unsigned sent = 0;
	for (size_t i = 0; i < sizeof(secret_calls) / sizeof(*secret_calls); i++) {
		if (!is_served(&secret_calls[i]))
			continue;
		send_secret(&secret_calls[i]);
		sent++;
	}
	print_message("secrets sent with %u calls\n", sent);
	assert_true(sent >= 5);
	check_forgotten();
}

static int start(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	node_scene_start(&scene);
	return 0;
}

static int stop(void **state)
{
	node_scene_done(&scene);
	return 0;
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	if (access("/sys/fs/ext4/features/encryption", F_OK) < 0) {
		printf("SKIPPED: this kernel does not encrypt ext4 (CONFIG_FS_ENCRYPTION)\n");
		return 77;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contents_and_names_of_an_encrypted_volume_are_not_on_the_disk),
		cmocka_unit_test(a_wrong_or_missing_key_is_refused_and_harms_nothing),
		cmocka_unit_test(pods_see_the_encrypted_folder_alone),
		cmocka_unit_test(what_cannot_be_encrypted_is_refused_by_create),
		cmocka_unit_test(no_call_leaves_a_secret_anywhere),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
