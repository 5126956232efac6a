/* SPDX-License-Identifier: Apache-2.0 */
#include "node_client.h"

#include <string.h>

#include "base/cleanup.h"
#include "csi.pb-c.h"
#include "rpc/channel_call.h"

#define TIMEOUT_MS 30000
#define IDENTITY "csi.v1.Identity"
#define CONTROLLER "csi.v1.Controller"
#define NODE "csi.v1.Node"

/* protobuf-c takes strings without const and does not change them. */
static char *borrow(const char *string)
{
	return (char *)(uintptr_t)(string ? string : protobuf_c_empty_string);
}

struct capability {
	Csi__V1__VolumeCapability capability;
	Csi__V1__VolumeCapability__MountVolume mount;
	Csi__V1__VolumeCapability__BlockVolume block;
	Csi__V1__VolumeCapability__AccessMode mode;
	char *flags[1];
};

static void fill_capability(struct capability *c, const struct node_volume *volume)
{
	csi__v1__volume_capability__init(&c->capability);
	csi__v1__volume_capability__mount_volume__init(&c->mount);
	csi__v1__volume_capability__access_mode__init(&c->mode);
	c->mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_MULTI_WRITER;
	c->mount.fs_type = borrow(volume->fs_type);
	c->flags[0] = borrow(volume->mount_flag);
	c->mount.mount_flags = c->flags;
	c->mount.n_mount_flags = volume->mount_flag ? 1 : 0;
	c->capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	c->capability.mount = &c->mount;
	c->capability.access_mode = &c->mode;
	if (volume->block) {
		csi__v1__volume_capability__block_volume__init(&c->block);
		c->capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
		c->capability.block = &c->block;
	}
}

static int call(struct rpc_channel *channel, const char *service, const char *method,
		const ProtobufCMessage *request, const ProtobufCMessageDescriptor *descriptor,
		struct error *err)
{
	ProtobufCMessage *response = NULL;
	if (rpc_channel_call(channel, service, method, request, descriptor, TIMEOUT_MS, &response,
			     err) < 0)
		return -1;
	protobuf_c_message_free_unpacked(response, NULL);
	return 0;
}

/* The parameters of the volume's class, for one of the requests that carry them. */
#define CLASS_PARAMETERS_MAX 5

static size_t class_of(const struct node_volume *volume,
		       const char *keys[static CLASS_PARAMETERS_MAX],
		       const char *values[static CLASS_PARAMETERS_MAX])
{
	bool held = volume->enforce || strcmp(volume->backend, "loop") == 0;
	keys[0] = "backend";
	values[0] = volume->backend;
	keys[1] = "enforce";
	values[1] = held ? "true" : "false";
	size_t count = 2;
	if (volume->pool) {
		keys[count] = "pool";
		values[count++] = volume->pool;
	}
	if (volume->encryption) {
		keys[count] = "encryption";
		values[count++] = volume->encryption;
	}
	if (volume->provisioning) {
		keys[count] = "provisioning";
		values[count++] = volume->provisioning;
	}
	return count;
}

struct content {
	Csi__V1__VolumeContentSource source;
	Csi__V1__VolumeContentSource__SnapshotSource snapshot;
	Csi__V1__VolumeContentSource__VolumeSource volume;
};

/* NULL: a new volume is empty. */
static Csi__V1__VolumeContentSource *fill_content(struct content *content,
						  const struct node_volume *volume)
{
	csi__v1__volume_content_source__init(&content->source);
	csi__v1__volume_content_source__snapshot_source__init(&content->snapshot);
	csi__v1__volume_content_source__volume_source__init(&content->volume);
	if (volume->source_snapshot) {
		content->snapshot.snapshot_id = borrow(volume->source_snapshot);
		content->source.snapshot = &content->snapshot;
		content->source.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT;
		return &content->source;
	}
	content->volume.volume_id = borrow(volume->source_volume);
	content->source.volume = &content->volume;
	content->source.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME;
	return volume->source_volume ? &content->source : NULL;
}

int node_client_plugin_info(struct rpc_channel *channel, struct error *err)
{
	Csi__V1__GetPluginInfoRequest request;
	csi__v1__get_plugin_info_request__init(&request);
	return call(channel, IDENTITY, "GetPluginInfo", &request.base,
		    &csi__v1__get_plugin_info_response__descriptor, err);
}

int node_client_probe(struct rpc_channel *channel, bool *ret_ready, struct error *err)
{
	Csi__V1__ProbeRequest request = CSI__V1__PROBE_REQUEST__INIT;
	ProtobufCMessage *response = NULL;
	if (rpc_channel_call(channel, IDENTITY, "Probe", &request.base,
			     &csi__v1__probe_response__descriptor, TIMEOUT_MS, &response, err) < 0)
		return -1;
	const Csi__V1__ProbeResponse *answer = (const Csi__V1__ProbeResponse *)response;
	*ret_ready = answer->ready && answer->ready->value;
	protobuf_c_message_free_unpacked(response, NULL);
	return 0;
}

int node_client_count_volumes(struct rpc_channel *channel, size_t *ret_count, struct error *err)
{
	Csi__V1__ListVolumesRequest request = CSI__V1__LIST_VOLUMES_REQUEST__INIT;
	ProtobufCMessage *response = NULL;
	if (rpc_channel_call(channel, CONTROLLER, "ListVolumes", &request.base,
			     &csi__v1__list_volumes_response__descriptor, TIMEOUT_MS, &response,
			     err) < 0)
		return -1;
	*ret_count = ((const Csi__V1__ListVolumesResponse *)response)->n_entries;
	protobuf_c_message_free_unpacked(response, NULL);
	return 0;
}

int node_client_count_snapshots(struct rpc_channel *channel, size_t *ret_count, struct error *err)
{
	Csi__V1__ListSnapshotsRequest request = CSI__V1__LIST_SNAPSHOTS_REQUEST__INIT;
	ProtobufCMessage *response = NULL;
	if (rpc_channel_call(channel, CONTROLLER, "ListSnapshots", &request.base,
			     &csi__v1__list_snapshots_response__descriptor, TIMEOUT_MS, &response,
			     err) < 0)
		return -1;
	*ret_count = ((const Csi__V1__ListSnapshotsResponse *)response)->n_entries;
	protobuf_c_message_free_unpacked(response, NULL);
	return 0;
}

int node_client_create(struct rpc_channel *channel, const struct node_volume *volume,
		       struct error *err)
{
	Csi__V1__CreateVolumeRequest request;
	Csi__V1__CapacityRange range;
	Csi__V1__CreateVolumeRequest__ParametersEntry entries[CLASS_PARAMETERS_MAX];
	Csi__V1__CreateVolumeRequest__ParametersEntry *parameters[CLASS_PARAMETERS_MAX];
	const char *keys[CLASS_PARAMETERS_MAX], *values[CLASS_PARAMETERS_MAX];
	struct capability capability;
	Csi__V1__VolumeCapability *capabilities[] = { &capability.capability };
	csi__v1__create_volume_request__init(&request);
	csi__v1__capacity_range__init(&range);
	fill_capability(&capability, volume);
	range.required_bytes = (int64_t)volume->size_bytes;
	request.n_parameters = class_of(volume, keys, values);
	for (size_t i = 0; i < request.n_parameters; i++) {
		csi__v1__create_volume_request__parameters_entry__init(&entries[i]);
		entries[i].key = borrow(keys[i]);
		entries[i].value = borrow(values[i]);
		parameters[i] = &entries[i];
	}
	request.name = borrow(volume->name);
	request.capacity_range = &range;
	request.parameters = parameters;
	request.volume_capabilities = capabilities;
	request.n_volume_capabilities = 1;
	struct content content;
	request.volume_content_source = fill_content(&content, volume);
	return call(channel, CONTROLLER, "CreateVolume", &request.base,
		    &csi__v1__create_volume_response__descriptor, err);
}

int node_client_snapshot(struct rpc_channel *channel, const char *name, const char *volume,
			 struct error *err)
{
	Csi__V1__CreateSnapshotRequest request;
	csi__v1__create_snapshot_request__init(&request);
	request.name = borrow(name);
	request.source_volume_id = borrow(volume);
	return call(channel, CONTROLLER, "CreateSnapshot", &request.base,
		    &csi__v1__create_snapshot_response__descriptor, err);
}

int node_client_delete_snapshot(struct rpc_channel *channel, const char *id, struct error *err)
{
	Csi__V1__DeleteSnapshotRequest request;
	csi__v1__delete_snapshot_request__init(&request);
	request.snapshot_id = borrow(id);
	return call(channel, CONTROLLER, "DeleteSnapshot", &request.base,
		    &csi__v1__delete_snapshot_response__descriptor, err);
}

int node_client_capacity(struct rpc_channel *channel, const struct node_volume *volume,
			 struct node_capacity *ret_capacity, struct error *err)
{
	Csi__V1__GetCapacityRequest request;
	Csi__V1__GetCapacityRequest__ParametersEntry entries[CLASS_PARAMETERS_MAX];
	Csi__V1__GetCapacityRequest__ParametersEntry *parameters[CLASS_PARAMETERS_MAX];
	const char *keys[CLASS_PARAMETERS_MAX], *values[CLASS_PARAMETERS_MAX];
	ProtobufCMessage *message = NULL;
	csi__v1__get_capacity_request__init(&request);
	request.n_parameters = class_of(volume, keys, values);
	for (size_t i = 0; i < request.n_parameters; i++) {
		csi__v1__get_capacity_request__parameters_entry__init(&entries[i]);
		entries[i].key = borrow(keys[i]);
		entries[i].value = borrow(values[i]);
		parameters[i] = &entries[i];
	}
	request.parameters = parameters;
	if (rpc_channel_call(channel, CONTROLLER, "GetCapacity", &request.base,
			     &csi__v1__get_capacity_response__descriptor, TIMEOUT_MS, &message,
			     err) < 0)
		return -1;
	const Csi__V1__GetCapacityResponse *response = (void *)message;
	*ret_capacity = (struct node_capacity) {
		.available_bytes = (uint64_t)response->available_capacity,
		.maximum_bytes = response->maximum_volume_size
					 ? (uint64_t)response->maximum_volume_size->value
					 : 0,
		.minimum_bytes = response->minimum_volume_size
					 ? (uint64_t)response->minimum_volume_size->value
					 : 0,
	};
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}

int node_client_delete(struct rpc_channel *channel, const char *id, struct error *err)
{
	Csi__V1__DeleteVolumeRequest request;
	csi__v1__delete_volume_request__init(&request);
	request.volume_id = borrow(id);
	return call(channel, CONTROLLER, "DeleteVolume", &request.base,
		    &csi__v1__delete_volume_response__descriptor, err);
}

int node_client_stage(struct rpc_channel *channel, const struct node_volume *volume,
		      const char *staging, struct error *err)
{
	Csi__V1__NodeStageVolumeRequest request;
	struct capability capability;
	Csi__V1__NodeStageVolumeRequest__SecretsEntry secret;
	Csi__V1__NodeStageVolumeRequest__SecretsEntry *secrets[] = { &secret };
	csi__v1__node_stage_volume_request__init(&request);
	csi__v1__node_stage_volume_request__secrets_entry__init(&secret);
	fill_capability(&capability, volume);
	secret.key = borrow("encryptionKey");
	secret.value = borrow(volume->key);
	request.secrets = secrets;
	request.n_secrets = volume->key ? 1 : 0;
	request.volume_id = borrow(volume->name);
	request.staging_target_path = borrow(staging);
	request.volume_capability = &capability.capability;
	return call(channel, NODE, "NodeStageVolume", &request.base,
		    &csi__v1__node_stage_volume_response__descriptor, err);
}

int node_client_unstage(struct rpc_channel *channel, const char *id, const char *staging,
			struct error *err)
{
	Csi__V1__NodeUnstageVolumeRequest request;
	csi__v1__node_unstage_volume_request__init(&request);
	request.volume_id = borrow(id);
	request.staging_target_path = borrow(staging);
	return call(channel, NODE, "NodeUnstageVolume", &request.base,
		    &csi__v1__node_unstage_volume_response__descriptor, err);
}

int node_client_publish(struct rpc_channel *channel, const struct node_volume *volume,
			const char *staging, const char *target, bool read_only, struct error *err)
{
	Csi__V1__NodePublishVolumeRequest request;
	struct capability capability;
	csi__v1__node_publish_volume_request__init(&request);
	fill_capability(&capability, volume);
	request.volume_id = borrow(volume->name);
	request.staging_target_path = borrow(staging);
	request.target_path = borrow(target);
	request.volume_capability = &capability.capability;
	request.readonly = read_only;
	return call(channel, NODE, "NodePublishVolume", &request.base,
		    &csi__v1__node_publish_volume_response__descriptor, err);
}

int node_client_publish_ephemeral(struct rpc_channel *channel, const char *id, const char *size,
				  const char *key, const char *value, const char *target,
				  struct error *err)
{
	Csi__V1__NodePublishVolumeRequest request;
	Csi__V1__NodePublishVolumeRequest__VolumeContextEntry entries[3];
	Csi__V1__NodePublishVolumeRequest__VolumeContextEntry *context[3];
	const char *const texts[3][2] = { { "csi.storage.k8s.io/ephemeral", "true" },
					  { "size", size },
					  { key, value } };
	const struct node_volume volume = { .fs_type = "" };
	struct capability capability;
	csi__v1__node_publish_volume_request__init(&request);
	fill_capability(&capability, &volume);
	for (size_t i = 0; i < 3; i++) {
		csi__v1__node_publish_volume_request__volume_context_entry__init(&entries[i]);
		entries[i].key = borrow(texts[i][0]);
		entries[i].value = borrow(texts[i][1]);
		context[i] = &entries[i];
	}
	request.volume_id = borrow(id);
	request.target_path = borrow(target);
	request.volume_capability = &capability.capability;
	request.volume_context = context;
	request.n_volume_context = key[0] ? 3 : 2;
	return call(channel, NODE, "NodePublishVolume", &request.base,
		    &csi__v1__node_publish_volume_response__descriptor, err);
}

int node_client_unpublish(struct rpc_channel *channel, const char *id, const char *target,
			  struct error *err)
{
	Csi__V1__NodeUnpublishVolumeRequest request;
	csi__v1__node_unpublish_volume_request__init(&request);
	request.volume_id = borrow(id);
	request.target_path = borrow(target);
	return call(channel, NODE, "NodeUnpublishVolume", &request.base,
		    &csi__v1__node_unpublish_volume_response__descriptor, err);
}

int node_client_stats(struct rpc_channel *channel, const char *id, const char *path,
		      uint64_t *ret_bytes, uint64_t *ret_inodes, struct error *err)
{
	Csi__V1__NodeGetVolumeStatsRequest request;
	ProtobufCMessage *message = NULL;
	csi__v1__node_get_volume_stats_request__init(&request);
	request.volume_id = borrow(id);
	request.volume_path = borrow(path);
	if (rpc_channel_call(channel, NODE, "NodeGetVolumeStats", &request.base,
			     &csi__v1__node_get_volume_stats_response__descriptor, TIMEOUT_MS,
			     &message, err) < 0)
		return -1;
	const Csi__V1__NodeGetVolumeStatsResponse *response = (void *)message;
	for (size_t i = 0; i < response->n_usage; i++) {
		const Csi__V1__VolumeUsage *usage = response->usage[i];
		if (usage->unit == CSI__V1__VOLUME_USAGE__UNIT__BYTES)
			*ret_bytes = (uint64_t)usage->total;
		else
			*ret_inodes = (uint64_t)usage->total;
	}
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}

int node_client_expand(struct rpc_channel *channel, const char *id, uint64_t required_bytes,
		       uint64_t limit_bytes, uint64_t *ret_bytes, bool *ret_node_too,
		       struct error *err)
{
	Csi__V1__ControllerExpandVolumeRequest request;
	Csi__V1__CapacityRange range;
	csi__v1__controller_expand_volume_request__init(&request);
	csi__v1__capacity_range__init(&range);
	range.required_bytes = (int64_t)required_bytes;
	range.limit_bytes = (int64_t)limit_bytes;
	request.volume_id = borrow(id);
	request.capacity_range = required_bytes || limit_bytes ? &range : NULL;
	ProtobufCMessage *message = NULL;
	if (rpc_channel_call(channel, CONTROLLER, "ControllerExpandVolume", &request.base,
			     &csi__v1__controller_expand_volume_response__descriptor, TIMEOUT_MS,
			     &message, err) < 0)
		return -1;
	const Csi__V1__ControllerExpandVolumeResponse *response = (void *)message;
	*ret_bytes = (uint64_t)response->capacity_bytes;
	*ret_node_too = response->node_expansion_required;
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}

int node_client_expand_mounted(struct rpc_channel *channel, const char *id, const char *path,
			       uint64_t required_bytes, uint64_t *ret_bytes, struct error *err)
{
	Csi__V1__NodeExpandVolumeRequest request;
	Csi__V1__CapacityRange range;
	csi__v1__node_expand_volume_request__init(&request);
	csi__v1__capacity_range__init(&range);
	range.required_bytes = (int64_t)required_bytes;
	request.volume_id = borrow(id);
	request.volume_path = borrow(path);
	request.capacity_range = &range;
	ProtobufCMessage *message = NULL;
	if (rpc_channel_call(channel, NODE, "NodeExpandVolume", &request.base,
			     &csi__v1__node_expand_volume_response__descriptor, TIMEOUT_MS,
			     &message, err) < 0)
		return -1;
	*ret_bytes = (uint64_t)((Csi__V1__NodeExpandVolumeResponse *)message)->capacity_bytes;
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}
