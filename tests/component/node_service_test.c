/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the plugin says of itself, to whom it says it, and how it refuses: over the unix socket,
 * over TCP with certificates, and to the kubelet that registers it.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/clock.h"
#include "certificates.h"
#include "csi.pb-c.h"
#include "csi/client.h"
#include "csi/names.h"
#include "node_client.h"
#include "node_test.h"
#include "pluginregistration.pb-c.h"
#include "rpc/channel_call.h"
#include "rpc/tls.h"
#include "test.h"

#define TIMEOUT_MS 10000
#define GIB (1ULL << 30)

static char registration_socket[192];

static int set_up(void **state)
{
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	snprintf(registration_socket, sizeof(registration_socket), "%s/kentledge.io-reg.sock",
		 scene.registration);
	node_scene_start(&scene);
	return 0;
}

static const struct csi_capability mount_capability = { .access_mode = CSI_SINGLE_NODE_WRITER };

static int create(struct rpc_channel *channel, const char *name, uint64_t bytes, const char *key,
		  const char *value, const char *node, struct error *err)
{
	struct pair parameter = { key, value };
	struct pair segment = { CSI_TOPOLOGY_KEY, node };
	struct csi_create_volume_request request = {
		.name = name,
		.required_bytes = bytes,
		.capabilities = &mount_capability,
		.capability_count = 1,
		.parameters = { .items = &parameter, .count = key ? 1 : 0 },
		.segments = { .items = &segment, .count = node ? 1 : 0 },
	};
	CLEANUP(csi_volume_freep) struct csi_volume *volume = NULL;
	if (csi_create_volume(channel, &request, TIMEOUT_MS, &volume, err) < 0)
		return -1;
	assert_string_equal(pairs_get(&volume->segments, CSI_TOPOLOGY_KEY), "node-1");
	assert_int_equal(volume->capacity_bytes, bytes);
	return 0;
}

static void bad_requests_are_refused_with_the_field_and_leave_nothing(void **state)
{
	static const struct {
		const char *name;
		uint64_t bytes;
		const char *key, *value, *node;
		enum error_code code;
		const char *named;
	} cases[] = {
		{ "", GIB, NULL, NULL, NULL, ERROR_INVALID, "name" },
		{ "../../etc", GIB, NULL, NULL, NULL, ERROR_INVALID, "name" },
		{ "pvc-1", GIB, "bakend", "loop", NULL, ERROR_INVALID, "bakend" },
		{ "pvc-1", GIB, "backend", "zfs", NULL, ERROR_INVALID, "backend" },
		{ "pvc-1", GIB, "backend", "directory", NULL, ERROR_EXHAUSTED, "enforce" },
		{ "pvc-1", 1ULL << 62, NULL, NULL, NULL, ERROR_RANGE, "capacity_range" },
		{ "pvc-1", 1ULL << 55, NULL, NULL, NULL, ERROR_RANGE, "capacity_range" },
		{ "pvc-1", 1ULL << 55, NULL, NULL, "node-1", ERROR_EXHAUSTED, "capacity_range" },
		{ "pvc-1", GIB, NULL, NULL, "node-2", ERROR_EXHAUSTED, "node-1" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = { 0 };
		assert_int_equal(create(scene.channel, cases[i].name, cases[i].bytes, cases[i].key,
					cases[i].value, cases[i].node, &err),
				 -1);
		assert_int_equal(err.code, cases[i].code);
		assert_non_null(strstr(err.text, cases[i].named));
	}
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
}

static void promises_show_in_the_capacity(void **state)
{
	struct error err = { 0 };
	uint64_t before = 0, after = 0, maximum = 0;
	assert_done(csi_get_capacity(scene.channel, &(struct pairs) { 0 }, &mount_capability,
				     TIMEOUT_MS, &before, &maximum, &err),
		    &err);
	assert_true(before > 4 * GIB);
	assert_int_equal(maximum, before);
	assert_done(create(scene.channel, "pvc-1", 4 * GIB, NULL, NULL, "node-1", &err), &err);
	assert_done(csi_get_capacity(scene.channel, &(struct pairs) { 0 }, &mount_capability,
				     TIMEOUT_MS, &after, &maximum, &err),
		    &err);
	/* Others write to this disk too. */
	assert_true(before - after > 3 * GIB);
	assert_done(csi_delete_volume(scene.channel, "pvc-1", NULL, TIMEOUT_MS, &err), &err);
}

/* As external-provisioner asks for CSIStorageCapacity: with all that the class says. */
static void capacity_is_asked_for_with_what_the_class_tells_the_sidecars(void **state)
{
	struct error err = { 0 };
	uint64_t free_bytes = 0, maximum = 0;
	struct pair items[] = { { "backend", "loop" },
				{ "csi.storage.k8s.io/node-stage-secret-name", "key" },
				{ "csi.storage.k8s.io/fstype", "xfs" },
				{ "pool", "default" } };
	const struct pairs class = { .items = items, .count = 4 };
	assert_done(csi_get_capacity(scene.channel, &class, &mount_capability, TIMEOUT_MS,
				     &free_bytes, &maximum, &err),
		    &err);
	assert_true(free_bytes > GIB);
	items[2].value = "zfs";
	assert_refused(csi_get_capacity(scene.channel, &class, &mount_capability, TIMEOUT_MS,
					&free_bytes, &maximum, &err),
		       ERROR_INVALID, &err, "zfs");
	items[2].key = "fsType";
	assert_int_equal(csi_get_capacity(scene.channel, &class, &mount_capability, TIMEOUT_MS,
					  &free_bytes, &maximum, &err),
			 -1);
	assert_non_null(strstr(err.text, "\"fsType\" is unknown"));
}

static int connect_and_create(const char *certificates, const char *name, struct error *err)
{
	CLEANUP(rpc_tls_freep) struct rpc_tls *tls = NULL;
	CLEANUP(rpc_channel_freep) struct rpc_channel *channel = NULL;
	if (rpc_tls_new(certificates, &tls, err) < 0 ||
	    rpc_channel_new_tls("127.0.0.1:39745", tls, CSI_NODE_TLS_NAME, &channel, err) < 0)
		return -1;
	if (create(channel, name, 1 << 24, NULL, NULL, "node-1", err) < 0)
		return -1;
	struct node_volume volume = {
		.name = name, .backend = "loop", .fs_type = "", .size_bytes = 1 << 24
	};
	struct error refused = { 0 };
	assert_int_equal(node_client_stage(channel, &volume, "/tmp/x", &refused), -1);
	assert_int_equal(refused.code, ERROR_FORBIDDEN);
	return csi_delete_volume(channel, name, NULL, TIMEOUT_MS, err);
}

static void over_tcp_only_the_provisioner_is_served_and_only_with_volumes(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ours = certificates_new();
	CLEANUP(certificates_freep) struct certificates *foreign = certificates_new();
	CLEANUP(certificates_removep) char *node = certificates_folder(ours, CSI_NODE_TLS_NAME);
	CLEANUP(certificates_removep)
	char *provisioner = certificates_folder(ours, CSI_PROVISIONER_TLS_NAME);
	CLEANUP(certificates_removep) char *other = certificates_folder(ours, "other");
	CLEANUP(certificates_removep)
	char *stranger = certificates_folder(foreign, CSI_PROVISIONER_TLS_NAME);
	struct error err = { 0 };
	char flag[256];
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	snprintf(flag, sizeof(flag), "--tls-dir=%s", node);
	scene.more_flags[0] = "--listen=127.0.0.1:39745";
	scene.more_flags[1] = flag;
	node_scene_start(&scene);
	assert_done(connect_and_create(provisioner, "pvc-1", &err), &err);
	assert_int_equal(connect_and_create(other, "pvc-2", &err), -1);
	assert_int_equal(connect_and_create(stranger, "pvc-3", &err), -1);
	assert_int_equal(node_scene_entries(&scene, "volumes"), 0);
}

/* Volumes are attached only where the flag says so. */
static void what_is_not_served_is_unimplemented(void **state)
{
	struct error err = { 0 };
	ProtobufCMessage *response = NULL;
	Csi__V1__ControllerPublishVolumeRequest request;
	csi__v1__controller_publish_volume_request__init(&request);
	assert_int_equal(rpc_channel_call(scene.channel, "csi.v1.Controller",
					  "ControllerPublishVolume", &request.base,
					  &csi__v1__controller_publish_volume_response__descriptor,
					  TIMEOUT_MS, &response, &err),
			 -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED);
}

static bool wait_for_file(const char *path)
{
	for (uint64_t end = clock_monotonic_ms() + 15000; clock_monotonic_ms() < end;) {
		if (access(path, F_OK) == 0)
			return true;
		nanosleep(&(struct timespec) { .tv_nsec = 5000000 }, NULL);
	}
	return false;
}

static ino_t inode_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* As the kubelet does; then says whether it is content. */
static void register_plugin(const char *endpoint, bool content)
{
	CLEANUP(rpc_channel_freep) struct rpc_channel *channel = NULL;
	struct error err = { 0 };
	ProtobufCMessage *message = NULL;
	Pluginregistration__InfoRequest ask;
	Pluginregistration__RegistrationStatus status;
	pluginregistration__info_request__init(&ask);
	pluginregistration__registration_status__init(&status);
	assert_true(wait_for_file(registration_socket));
	assert_done(rpc_channel_new_unix(registration_socket, &channel, &err), &err);
	assert_done(rpc_channel_call(channel, "pluginregistration.Registration", "GetInfo",
				     &ask.base, &pluginregistration__plugin_info__descriptor,
				     TIMEOUT_MS, &message, &err),
		    &err);
	const Pluginregistration__PluginInfo *info = (void *)message;
	assert_string_equal(info->type, "CSIPlugin");
	assert_string_equal(info->name, "kentledge.io");
	assert_string_equal(info->endpoint, endpoint);
	assert_int_equal(info->n_supported_versions, 1);
	assert_string_equal(info->supported_versions[0], "1.0.0");
	protobuf_c_message_free_unpacked(message, NULL);
	status.plugin_registered = content;
	status.error = (char *)(uintptr_t)(content ? "" : "no such node");
	assert_done(rpc_channel_call(channel, "pluginregistration.Registration",
				     "NotifyRegistrationStatus", &status.base,
				     &pluginregistration__registration_status_response__descriptor,
				     TIMEOUT_MS, &message, &err),
		    &err);
	protobuf_c_message_free_unpacked(message, NULL);
}

static void the_kubelet_registers_the_driver_and_the_socket_goes_with_the_plugin(void **state)
{
	register_plugin(scene.socket, true);
	node_scene_kill(&scene, SIGTERM);
	assert_int_equal(node_scene_wait(&scene), 0);
	assert_int_equal(access(registration_socket, F_OK), -1);
	node_scene_start(&scene);
	assert_true(node_scene_entries(&scene, "volumes") == 0);
}

static void a_kubelet_that_refuses_is_asked_again(void **state)
{
	register_plugin(scene.socket, false);
	ino_t first = inode_of(registration_socket);
	for (int i = 0; i < 2000 && inode_of(registration_socket) == first; i++)
		nanosleep(&(struct timespec) { .tv_nsec = 5000000 }, NULL);
	register_plugin(scene.socket, true);
	assert_true(node_scene_logs(&scene, "kubelet refused", "no such node"));
	assert_true(node_scene_logs(&scene, "driver registered", ""));
}

static void a_registration_socket_that_was_removed_comes_back(void **state)
{
	register_plugin(scene.socket, true);
	assert_int_equal(unlink(registration_socket), 0);
	register_plugin(scene.socket, true);
	assert_true(node_scene_logs(&scene, "disappeared", ""));
}

#define SERVICE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, node_test_tear_down)

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	const struct CMUnitTest tests[] = {
		SERVICE_TEST(bad_requests_are_refused_with_the_field_and_leave_nothing),
		SERVICE_TEST(promises_show_in_the_capacity),
		SERVICE_TEST(capacity_is_asked_for_with_what_the_class_tells_the_sidecars),
		SERVICE_TEST(over_tcp_only_the_provisioner_is_served_and_only_with_volumes),
		SERVICE_TEST(what_is_not_served_is_unimplemented),
		SERVICE_TEST(the_kubelet_registers_the_driver_and_the_socket_goes_with_the_plugin),
		SERVICE_TEST(a_kubelet_that_refuses_is_asked_again),
		SERVICE_TEST(a_registration_socket_that_was_removed_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
