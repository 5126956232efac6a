/* SPDX-License-Identifier: Apache-2.0 */
#include "csi.pb-c.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pluginregistration.pb-c.h"
#include "test.h"

/*
 * The numbers of proto/ against bytes encoded by hand from the published specifications: what
 * other implementations send must arrive in the right fields, and the reverse.
 */

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

/* Unpacks and packs again: the same bytes, and every one of them in a field that we know. */
static void *through(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length)
{
	ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, length, bytes);
	assert_non_null(message);
	assert_int_equal(message->n_unknown_fields, 0);
	CLEANUP_FREE uint8_t *again = must_alloc(length + 1);
	assert_int_equal(protobuf_c_message_get_packed_size(message), length);
	assert_int_equal(protobuf_c_message_pack(message, again), length);
	assert_memory_equal(again, bytes, length);
	return message;
}

static void create_volume_request(void **state)
{
	Csi__V1__CreateVolumeRequest *request = through(
		&csi__v1__create_volume_request__descriptor,
		BYTES("\x0a\x05pvc-1"
		      "\x12\x0c\x08\x80\x80\x80\x80\x04\x10\x80\x80\x80\x80\x08"
		      "\x1a\x11\x12\x0b\x0a\x04"
		      "ext4"
		      "\x12\x03"
		      "ro1"
		      "\x1a\x02\x08\x01"
		      "\x22\x06\x0a\x01p\x12\x01v"
		      "\x2a\x06\x0a\x01s\x12\x01t"
		      "\x32\x05\x12\x03\x0a\x01w"
		      "\x3a\x14\x0a\x08\x0a\x06\x0a\x01k\x12\x01n\x12\x08\x0a\x06\x0a\x01k\x12\x01n"
		      "\x42\x06\x0a\x01m\x12\x01u"));
	assert_string_equal(request->name, "pvc-1");
	assert_true(request->capacity_range->required_bytes == INT64_C(1) << 30);
	assert_true(request->capacity_range->limit_bytes == INT64_C(2) << 30);
	const Csi__V1__VolumeCapability *capability = request->volume_capabilities[0];
	assert_int_equal(capability->access_type_case,
			 CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT);
	assert_string_equal(capability->mount->fs_type, "ext4");
	assert_string_equal(capability->mount->mount_flags[0], "ro1");
	assert_int_equal(capability->access_mode->mode, 1);
	assert_string_equal(request->parameters[0]->value, "v");
	assert_string_equal(request->secrets[0]->value, "t");
	assert_string_equal(request->volume_content_source->volume->volume_id, "w");
	assert_string_equal(request->accessibility_requirements->requisite[0]->segments[0]->value,
			    "n");
	assert_int_equal(request->accessibility_requirements->n_preferred, 1);
	assert_string_equal(request->mutable_parameters[0]->value, "u");
	csi__v1__create_volume_request__free_unpacked(request, NULL);
}

static void create_volume_response(void **state)
{
	Csi__V1__CreateVolumeResponse *response =
		through(&csi__v1__create_volume_response__descriptor,
			BYTES("\x0a\x1e\x08\x05\x12\x01i\x1a\x06\x0a\x01"
			      "a\x12\x01"
			      "b"
			      "\x22\x05\x0a\x03\x0a\x01s\x2a\x08\x0a\x06\x0a\x01k\x12\x01n"));
	assert_int_equal(response->volume->capacity_bytes, 5);
	assert_string_equal(response->volume->volume_id, "i");
	assert_string_equal(response->volume->volume_context[0]->key, "a");
	assert_string_equal(response->volume->content_source->snapshot->snapshot_id, "s");
	assert_string_equal(response->volume->accessible_topology[0]->segments[0]->key, "k");
	csi__v1__create_volume_response__free_unpacked(response, NULL);
}

static void node_stage_volume_request(void **state)
{
	Csi__V1__NodeStageVolumeRequest *request =
		through(&csi__v1__node_stage_volume_request__descriptor,
			BYTES("\x0a\x01i\x12\x06\x0a\x01"
			      "a\x12\x01"
			      "b\x1a\x02/s"
			      "\x22\x06\x0a\x00\x1a\x02\x08\x06\x2a\x06\x0a\x01s\x12\x01t"
			      "\x32\x06\x0a\x01"
			      "c\x12\x01"
			      "d"));
	assert_string_equal(request->volume_id, "i");
	assert_string_equal(request->publish_context[0]->key, "a");
	assert_string_equal(request->staging_target_path, "/s");
	assert_int_equal(request->volume_capability->access_type_case,
			 CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK);
	assert_int_equal(request->volume_capability->access_mode->mode,
			 CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_SINGLE_WRITER);
	assert_string_equal(request->secrets[0]->key, "s");
	assert_string_equal(request->volume_context[0]->key, "c");
	csi__v1__node_stage_volume_request__free_unpacked(request, NULL);
}

static void node_publish_volume_request(void **state)
{
	Csi__V1__NodePublishVolumeRequest *request =
		through(&csi__v1__node_publish_volume_request__descriptor,
			BYTES("\x0a\x01i\x12\x06\x0a\x01"
			      "a\x12\x01"
			      "b\x1a\x02/s\x22\x02/t"
			      "\x2a\x02\x12\x00\x30\x01\x3a\x06\x0a\x01s\x12\x01t"
			      "\x42\x06\x0a\x01"
			      "c\x12\x01"
			      "d"));
	assert_string_equal(request->staging_target_path, "/s");
	assert_string_equal(request->target_path, "/t");
	assert_non_null(request->volume_capability->mount);
	assert_true(request->readonly);
	assert_string_equal(request->secrets[0]->key, "s");
	assert_string_equal(request->volume_context[0]->key, "c");
	csi__v1__node_publish_volume_request__free_unpacked(request, NULL);
}

static void answers_about_the_plugin_and_the_node(void **state)
{
	Csi__V1__GetPluginInfoResponse *info =
		through(&csi__v1__get_plugin_info_response__descriptor,
			BYTES("\x0a\x01n\x12\x01v\x1a\x06\x0a\x01k\x12\x01w"));
	assert_string_equal(info->vendor_version, "v");
	csi__v1__get_plugin_info_response__free_unpacked(info, NULL);

	Csi__V1__ProbeResponse *probe =
		through(&csi__v1__probe_response__descriptor, BYTES("\x0a\x02\x08\x01"));
	assert_true(probe->ready->value);
	csi__v1__probe_response__free_unpacked(probe, NULL);

	Csi__V1__NodeGetInfoResponse *node =
		through(&csi__v1__node_get_info_response__descriptor,
			BYTES("\x0a\x01n\x10\x07\x1a\x08\x0a\x06\x0a\x01k\x12\x01n"));
	assert_int_equal(node->max_volumes_per_node, 7);
	assert_string_equal(node->accessible_topology->segments[0]->value, "n");
	csi__v1__node_get_info_response__free_unpacked(node, NULL);

	Csi__V1__NodeGetVolumeStatsResponse *stats =
		through(&csi__v1__node_get_volume_stats_response__descriptor,
			BYTES("\x0a\x08\x08\x01\x10\x02\x18\x03\x20\x02"));
	assert_int_equal(stats->usage[0]->available, 1);
	assert_int_equal(stats->usage[0]->total, 2);
	assert_int_equal(stats->usage[0]->used, 3);
	assert_int_equal(stats->usage[0]->unit, CSI__V1__VOLUME_USAGE__UNIT__INODES);
	csi__v1__node_get_volume_stats_response__free_unpacked(stats, NULL);
}

static void capacity_lists_and_snapshots(void **state)
{
	Csi__V1__GetCapacityResponse *capacity =
		through(&csi__v1__get_capacity_response__descriptor,
			BYTES("\x08\x09\x12\x02\x08\x08\x1a\x02\x08\x07"));
	assert_int_equal(capacity->available_capacity, 9);
	assert_int_equal(capacity->maximum_volume_size->value, 8);
	assert_int_equal(capacity->minimum_volume_size->value, 7);
	csi__v1__get_capacity_response__free_unpacked(capacity, NULL);

	Csi__V1__ListVolumesResponse *list =
		through(&csi__v1__list_volumes_response__descriptor,
			BYTES("\x0a\x0a\x0a\x03\x12\x01i\x12\x03\x0a\x01n\x12\x01t"));
	assert_string_equal(list->entries[0]->volume->volume_id, "i");
	assert_string_equal(list->entries[0]->status->published_node_ids[0], "n");
	assert_string_equal(list->next_token, "t");
	csi__v1__list_volumes_response__free_unpacked(list, NULL);

	Csi__V1__CreateSnapshotResponse *snapshot =
		through(&csi__v1__create_snapshot_response__descriptor,
			BYTES("\x0a\x1b\x08\x05\x12\x01s\x1a\x01v\x22\x02\x08\x03\x28\x01\x32\x01g"
			      "\x3a\x08\x0a\x06\x0a\x01k\x12\x01n"));
	assert_string_equal(snapshot->snapshot->accessible_topology[0]->segments[0]->value, "n");
	assert_int_equal(snapshot->snapshot->size_bytes, 5);
	assert_string_equal(snapshot->snapshot->source_volume_id, "v");
	assert_int_equal(snapshot->snapshot->creation_time->seconds, 3);
	assert_true(snapshot->snapshot->ready_to_use);
	assert_string_equal(snapshot->snapshot->group_snapshot_id, "g");
	csi__v1__create_snapshot_response__free_unpacked(snapshot, NULL);
}

static void health_of_volumes_and_of_storage(void **state)
{
	Csi__V1__ControllerListVolumeHealthRequest *request =
		through(&csi__v1__controller_list_volume_health_request__descriptor,
			BYTES("\x08\x07\x12\x01t\x1a\x06\x0a\x01s\x12\x01u"));
	assert_int_equal(request->max_entries, 7);
	assert_string_equal(request->starting_token, "t");
	csi__v1__controller_list_volume_health_request__free_unpacked(request, NULL);

	Csi__V1__ControllerListVolumeHealthResponse *list =
		through(&csi__v1__controller_list_volume_health_response__descriptor,
			BYTES("\x0a\x0d\x0a\x01i\x12\x08\x08\x03\x12\x01r\x1a\x01m\x12\x01t"));
	assert_string_equal(list->entries[0]->volume_id, "i");
	assert_int_equal(list->entries[0]->health_statuses[0]->status,
			 CSI__V1__VOLUME_HEALTH_ERROR_TYPE__DATA_LOSS);
	assert_string_equal(list->entries[0]->health_statuses[0]->reason, "r");
	assert_string_equal(list->entries[0]->health_statuses[0]->message, "m");
	assert_string_equal(list->next_token, "t");
	csi__v1__controller_list_volume_health_response__free_unpacked(list, NULL);

	Csi__V1__NodeGetVolumeHealthRequest *get =
		through(&csi__v1__node_get_volume_health_request__descriptor,
			BYTES("\x0a\x01i\x12\x02/p\x1a\x02/s"));
	assert_string_equal(get->volume_publish_path, "/p");
	assert_string_equal(get->staging_target_path, "/s");
	csi__v1__node_get_volume_health_request__free_unpacked(get, NULL);

	Csi__V1__NodeGetStorageHealthResponse *storage =
		through(&csi__v1__node_get_storage_health_response__descriptor,
			BYTES("\x0a\x0c\x08\x02\x12\x01r\x1a\x01m\x22\x02\x0a\x00"));
	assert_int_equal(storage->backend_health[0]->status,
			 CSI__V1__STORAGE_HEALTH_ERROR_TYPE__STORAGE_UNREACHABLE);
	assert_non_null(storage->backend_health[0]->volume_capability->block);
	csi__v1__node_get_storage_health_response__free_unpacked(storage, NULL);
}

static void capabilities_have_their_published_numbers(void **state)
{
	static const struct {
		const ProtobufCEnumDescriptor *type;
		const char *name;
		int value;
	} cases[] = {
		{ &csi__v1__plugin_capability__service__type__descriptor, "CONTROLLER_SERVICE", 1 },
		{ &csi__v1__plugin_capability__service__type__descriptor,
		  "VOLUME_ACCESSIBILITY_CONSTRAINTS", 2 },
		{ &csi__v1__plugin_capability__service__type__descriptor,
		  "GROUP_CONTROLLER_SERVICE", 3 },
		{ &csi__v1__plugin_capability__volume_expansion__type__descriptor, "OFFLINE", 2 },
		{ &csi__v1__controller_service_capability__rpc__type__descriptor,
		  "CREATE_DELETE_VOLUME", 1 },
		{ &csi__v1__controller_service_capability__rpc__type__descriptor, "GET_CAPACITY",
		  4 },
		{ &csi__v1__controller_service_capability__rpc__type__descriptor, "EXPAND_VOLUME",
		  9 },
		{ &csi__v1__controller_service_capability__rpc__type__descriptor, "MODIFY_VOLUME",
		  14 },
		{ &csi__v1__controller_service_capability__rpc__type__descriptor, "GET_SNAPSHOT",
		  15 },
		{ &csi__v1__controller_service_capability__rpc__type__descriptor,
		  "GET_VOLUME_HEALTH", 16 },
		{ &csi__v1__controller_service_capability__rpc__type__descriptor,
		  "LIST_VOLUME_HEALTH", 17 },
		{ &csi__v1__plugin_capability__service__type__descriptor,
		  "SNAPSHOT_ACCESSIBILITY_CONSTRAINTS", 5 },
		{ &csi__v1__node_service_capability__rpc__type__descriptor, "GET_VOLUME_HEALTH",
		  7 },
		{ &csi__v1__node_service_capability__rpc__type__descriptor, "GET_STORAGE_HEALTH",
		  8 },
		{ &csi__v1__node_service_capability__rpc__type__descriptor, "STAGE_UNSTAGE_VOLUME",
		  1 },
		{ &csi__v1__node_service_capability__rpc__type__descriptor,
		  "SINGLE_NODE_MULTI_WRITER", 5 },
		{ &csi__v1__node_service_capability__rpc__type__descriptor, "VOLUME_MOUNT_GROUP",
		  6 },
		{ &csi__v1__volume_capability__access_mode__mode__descriptor,
		  "SINGLE_NODE_MULTI_WRITER", 7 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const ProtobufCEnumValue *value =
			protobuf_c_enum_descriptor_get_value_by_name(cases[i].type, cases[i].name);
		assert_non_null(value);
		assert_int_equal(value->value, cases[i].value);
	}
}

static void every_service_has_its_methods(void **state)
{
	static const struct {
		const ProtobufCServiceDescriptor *service;
		const char *name;
		unsigned methods;
	} cases[] = {
		{ &csi__v1__identity__descriptor, "csi.v1.Identity", 3 },
		{ &csi__v1__controller__descriptor, "csi.v1.Controller", 17 },
		{ &csi__v1__node__descriptor, "csi.v1.Node", 10 },
		{ &csi__v1__group_controller__descriptor, "csi.v1.GroupController", 4 },
		{ &csi__v1__snapshot_metadata__descriptor, "csi.v1.SnapshotMetadata", 2 },
		{ &pluginregistration__registration__descriptor, "pluginregistration.Registration",
		  2 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(cases[i].service->name, cases[i].name);
		assert_int_equal(cases[i].service->n_methods, cases[i].methods);
	}
}

/* What CSI 1.13 took out is not announced under its old number. */
static void volume_conditions_are_gone(void **state)
{
	assert_null(protobuf_c_enum_descriptor_get_value(
		&csi__v1__controller_service_capability__rpc__type__descriptor, 11));
	assert_null(protobuf_c_enum_descriptor_get_value(
		&csi__v1__node_service_capability__rpc__type__descriptor, 4));
	assert_null(protobuf_c_message_descriptor_get_field(
		&csi__v1__node_get_volume_stats_response__descriptor, 2));
	assert_null(protobuf_c_message_descriptor_get_field(
		&csi__v1__list_volumes_response__volume_status__descriptor, 2));
	assert_null(protobuf_c_message_descriptor_get_field(
		&csi__v1__controller_get_volume_response__volume_status__descriptor, 2));
}

/* The log leaves out what stands in a field of this name. */
static void secrets_are_called_secrets(void **state)
{
	static const ProtobufCMessageDescriptor *const types[] = {
		&csi__v1__create_volume_request__descriptor,
		&csi__v1__delete_volume_request__descriptor,
		&csi__v1__controller_publish_volume_request__descriptor,
		&csi__v1__controller_unpublish_volume_request__descriptor,
		&csi__v1__validate_volume_capabilities_request__descriptor,
		&csi__v1__controller_list_volume_health_request__descriptor,
		&csi__v1__controller_get_volume_health_request__descriptor,
		&csi__v1__node_get_storage_health_request__descriptor,
		&csi__v1__create_snapshot_request__descriptor,
		&csi__v1__delete_snapshot_request__descriptor,
		&csi__v1__list_snapshots_request__descriptor,
		&csi__v1__get_snapshot_request__descriptor,
		&csi__v1__controller_expand_volume_request__descriptor,
		&csi__v1__controller_modify_volume_request__descriptor,
		&csi__v1__node_stage_volume_request__descriptor,
		&csi__v1__node_publish_volume_request__descriptor,
		&csi__v1__node_expand_volume_request__descriptor,
		&csi__v1__create_volume_group_snapshot_request__descriptor,
		&csi__v1__delete_volume_group_snapshot_request__descriptor,
		&csi__v1__get_volume_group_snapshot_request__descriptor,
		&csi__v1__get_metadata_allocated_request__descriptor,
		&csi__v1__get_metadata_delta_request__descriptor,
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_non_null(
			protobuf_c_message_descriptor_get_field_by_name(types[i], "secrets"));
}

static void registration_with_the_kubelet(void **state)
{
	Pluginregistration__PluginInfo *info = through(&pluginregistration__plugin_info__descriptor,
						       BYTES("\x0a\x09"
							     "CSIPlugin\x12\x01n\x1a\x02/e\x22\x05"
							     "1.0.0"));
	assert_string_equal(info->type, "CSIPlugin");
	assert_string_equal(info->name, "n");
	assert_string_equal(info->endpoint, "/e");
	assert_string_equal(info->supported_versions[0], "1.0.0");
	pluginregistration__plugin_info__free_unpacked(info, NULL);

	Pluginregistration__RegistrationStatus *status = through(
		&pluginregistration__registration_status__descriptor, BYTES("\x08\x01\x12\x01"
									    "e"));
	assert_true(status->plugin_registered);
	assert_string_equal(status->error, "e");
	pluginregistration__registration_status__free_unpacked(status, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_volume_request),
		cmocka_unit_test(create_volume_response),
		cmocka_unit_test(node_stage_volume_request),
		cmocka_unit_test(node_publish_volume_request),
		cmocka_unit_test(answers_about_the_plugin_and_the_node),
		cmocka_unit_test(capacity_lists_and_snapshots),
		cmocka_unit_test(capabilities_have_their_published_numbers),
		cmocka_unit_test(health_of_volumes_and_of_storage),
		cmocka_unit_test(volume_conditions_are_gone),
		cmocka_unit_test(every_service_has_its_methods),
		cmocka_unit_test(secrets_are_called_secrets),
		cmocka_unit_test(registration_with_the_kubelet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
