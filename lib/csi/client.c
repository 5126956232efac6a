/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/client.h"

#include <string.h>

#include "csi.pb-c.h"
#include "csi/names.h"
#include "csi/wire.h"
#include "rpc/channel.h"
#include "rpc/channel_call.h"

WIRE_DEFINE_MAP(create_parameters, Csi__V1__CreateVolumeRequest__ParametersEntry,
		csi__v1__create_volume_request__parameters_entry__init);
WIRE_DEFINE_MAP(create_mutable_parameters, Csi__V1__CreateVolumeRequest__MutableParametersEntry,
		csi__v1__create_volume_request__mutable_parameters_entry__init);
WIRE_DEFINE_MAP(modify_parameters, Csi__V1__ControllerModifyVolumeRequest__MutableParametersEntry,
		csi__v1__controller_modify_volume_request__mutable_parameters_entry__init);
WIRE_DEFINE_MAP(modify_secrets, Csi__V1__ControllerModifyVolumeRequest__SecretsEntry,
		csi__v1__controller_modify_volume_request__secrets_entry__init);
WIRE_DEFINE_MAP(capacity_parameters, Csi__V1__GetCapacityRequest__ParametersEntry,
		csi__v1__get_capacity_request__parameters_entry__init);
WIRE_DEFINE_MAP(create_secrets, Csi__V1__CreateVolumeRequest__SecretsEntry,
		csi__v1__create_volume_request__secrets_entry__init);
WIRE_DEFINE_MAP(delete_secrets, Csi__V1__DeleteVolumeRequest__SecretsEntry,
		csi__v1__delete_volume_request__secrets_entry__init);
WIRE_DEFINE_MAP(expand_secrets, Csi__V1__ControllerExpandVolumeRequest__SecretsEntry,
		csi__v1__controller_expand_volume_request__secrets_entry__init);
WIRE_DEFINE_MAP(topology_segments, Csi__V1__Topology__SegmentsEntry,
		csi__v1__topology__segments_entry__init);

static Csi__V1__VolumeCapability *make_capability(struct arena *arena,
						  const struct csi_capability *from)
{
	Csi__V1__VolumeCapability *to = arena_alloc(arena, sizeof(*to));
	csi__v1__volume_capability__init(to);
	to->access_mode = arena_alloc(arena, sizeof(*to->access_mode));
	csi__v1__volume_capability__access_mode__init(to->access_mode);
	to->access_mode->mode = (Csi__V1__VolumeCapability__AccessMode__Mode)from->access_mode;
	if (from->block) {
		to->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
		to->block = arena_alloc(arena, sizeof(*to->block));
		csi__v1__volume_capability__block_volume__init(to->block);
		return to;
	}
	to->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
	to->mount = arena_alloc(arena, sizeof(*to->mount));
	csi__v1__volume_capability__mount_volume__init(to->mount);
	to->mount->fs_type = wire_borrow(from->fs_type);
	to->mount->mount_flags = (char **)from->mount_flags;
	to->mount->n_mount_flags = from->mount_flag_count;
	return to;
}

static Csi__V1__Topology **make_topologies(struct arena *arena, const struct pairs *segments)
{
	Csi__V1__Topology **list = arena_alloc(arena, sizeof(void *));
	list[0] = arena_alloc(arena, sizeof(*list[0]));
	csi__v1__topology__init(list[0]);
	list[0]->segments = topology_segments(arena, segments);
	list[0]->n_segments = segments->count;
	return list;
}

/* The node is chosen already: it is all that is allowed, and what is preferred. */
static Csi__V1__TopologyRequirement *make_requirement(struct arena *arena,
						      const struct pairs *segments)
{
	Csi__V1__TopologyRequirement *requirement = arena_alloc(arena, sizeof(*requirement));
	csi__v1__topology_requirement__init(requirement);
	requirement->requisite = requirement->preferred = make_topologies(arena, segments);
	requirement->n_requisite = requirement->n_preferred = 1;
	return requirement;
}

static Csi__V1__VolumeContentSource *make_source(struct arena *arena, const struct csi_source *from)
{
	if (from->kind == CSI_SOURCE_NONE)
		return NULL;
	Csi__V1__VolumeContentSource *to = arena_alloc(arena, sizeof(*to));
	csi__v1__volume_content_source__init(to);
	if (from->kind == CSI_SOURCE_SNAPSHOT) {
		to->type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT;
		to->snapshot = arena_alloc(arena, sizeof(*to->snapshot));
		csi__v1__volume_content_source__snapshot_source__init(to->snapshot);
		to->snapshot->snapshot_id = wire_borrow(from->id);
		return to;
	}
	to->type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME;
	to->volume = arena_alloc(arena, sizeof(*to->volume));
	csi__v1__volume_content_source__volume_source__init(to->volume);
	to->volume->volume_id = wire_borrow(from->id);
	return to;
}

static enum csi_source_kind source_kind_of(const Csi__V1__VolumeContentSource *source)
{
	switch (source ? source->type_case : CSI__V1__VOLUME_CONTENT_SOURCE__TYPE__NOT_SET) {
	case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT:
		return CSI_SOURCE_SNAPSHOT;
	case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME:
		return CSI_SOURCE_VOLUME;
	default:
		return CSI_SOURCE_NONE;
	}
}

static int check_size(const char *field, uint64_t bytes, struct error *err)
{
	if (bytes > INT64_MAX)
		return error_set(err, ERROR_RANGE, "%s: %llu is more than a volume can have", field,
				 (unsigned long long)bytes);
	return 0;
}

static Csi__V1__CreateVolumeRequest *make_create(struct arena *arena,
						 const struct csi_create_volume_request *from)
{
	Csi__V1__CreateVolumeRequest *to = arena_alloc(arena, sizeof(*to));
	csi__v1__create_volume_request__init(to);
	to->name = wire_borrow(from->name);
	to->capacity_range = arena_alloc(arena, sizeof(*to->capacity_range));
	csi__v1__capacity_range__init(to->capacity_range);
	to->capacity_range->required_bytes = (int64_t)from->required_bytes;
	to->capacity_range->limit_bytes = (int64_t)from->limit_bytes;
	to->volume_capabilities = arena_alloc(arena, (from->capability_count + 1) * sizeof(void *));
	for (size_t i = 0; i < from->capability_count; i++)
		to->volume_capabilities[i] = make_capability(arena, &from->capabilities[i]);
	to->n_volume_capabilities = from->capability_count;
	to->parameters = create_parameters(arena, &from->parameters);
	to->n_parameters = from->parameters.count;
	to->mutable_parameters = create_mutable_parameters(arena, &from->mutable_parameters);
	to->n_mutable_parameters = from->mutable_parameters.count;
	to->secrets = create_secrets(arena, &from->secrets);
	to->n_secrets = from->secrets.count;
	to->volume_content_source = make_source(arena, &from->source);
	if (from->segments.count > 0)
		to->accessibility_requirements = make_requirement(arena, &from->segments);
	return to;
}

/* CSI spec, "Size Limits". The entries are counted too: a small answer can hold very many. */
#define DEFINE_MAP_CHECK(function, type)                                                           \
	static bool function(type *const *entries, size_t count)                                   \
	{                                                                                          \
		size_t bytes = 0;                                                                  \
		for (size_t i = 0; i < count && bytes <= CSI_MAP_BYTES_MAX; i++)                   \
			bytes += 1 + strlen(entries[i]->key) + strlen(entries[i]->value);          \
		return bytes <= CSI_MAP_BYTES_MAX;                                                 \
	}                                                                                          \
	struct csi_map_check_needs_a_semicolon

DEFINE_MAP_CHECK(context_fits, Csi__V1__Volume__VolumeContextEntry);
DEFINE_MAP_CHECK(segments_fit, Csi__V1__Topology__SegmentsEntry);

/* What the driver did is not known if its answer cannot be read: ERROR_UNAVAILABLE, as without an
 * answer. There may be a volume. */
static int check_maps(const Csi__V1__Volume *volume, struct error *err)
{
	if (!context_fits(volume->volume_context, volume->n_volume_context))
		return error_set(err, ERROR_UNAVAILABLE,
				 "CreateVolume: volume_context is larger than %d bytes",
				 CSI_MAP_BYTES_MAX);
	if (volume->n_accessible_topology > 0 &&
	    !segments_fit(volume->accessible_topology[0]->segments,
			  volume->accessible_topology[0]->n_segments))
		return error_set(err, ERROR_UNAVAILABLE,
				 "CreateVolume: accessible_topology is larger than %d bytes",
				 CSI_MAP_BYTES_MAX);
	return 0;
}

static struct csi_volume *copy_volume(const Csi__V1__Volume *from)
{
	struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	struct csi_volume *volume = arena_alloc(arena, sizeof(*volume));
	volume->arena = arena;
	volume->id = arena_strdup(arena, from->volume_id);
	volume->capacity_bytes = (uint64_t)from->capacity_bytes;
	volume->source_kind = source_kind_of(from->content_source);
	for (size_t i = 0; i < from->n_volume_context; i++)
		pairs_set(&volume->context, arena, from->volume_context[i]->key,
			  from->volume_context[i]->value);
	if (from->n_accessible_topology == 0)
		return volume;
	const Csi__V1__Topology *topology = from->accessible_topology[0];
	for (size_t i = 0; i < topology->n_segments; i++)
		pairs_set(&volume->segments, arena, topology->segments[i]->key,
			  topology->segments[i]->value);
	return volume;
}

static int take_volume(const Csi__V1__CreateVolumeResponse *response,
		       struct csi_volume **ret_volume, struct error *err)
{
	if (!response->volume || !response->volume->volume_id[0])
		return error_set(err, ERROR_UNAVAILABLE,
				 "CreateVolume: the answer has no volume_id");
	if (response->volume->capacity_bytes < 0)
		return error_set(err, ERROR_UNAVAILABLE,
				 "CreateVolume: capacity_bytes is negative");
	if (check_maps(response->volume, err) < 0)
		return -1;
	*ret_volume = copy_volume(response->volume);
	return 0;
}

int csi_create_volume(struct rpc_channel *channel, const struct csi_create_volume_request *request,
		      uint32_t timeout_ms, struct csi_volume **ret_volume, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	if (check_size("required_bytes", request->required_bytes, err) < 0 ||
	    check_size("limit_bytes", request->limit_bytes, err) < 0)
		return -1;
	if (rpc_channel_call(
		    channel, WIRE_CONTROLLER, "CreateVolume", &make_create(arena, request)->base,
		    &csi__v1__create_volume_response__descriptor, timeout_ms, &response, err) < 0)
		return -1;
	return take_volume((Csi__V1__CreateVolumeResponse *)response, ret_volume, err);
}

void csi_volume_free(struct csi_volume *volume)
{
	if (volume)
		arena_free(volume->arena);
}

int csi_delete_volume(struct rpc_channel *channel, const char *volume_id,
		      const struct pairs *secrets, uint32_t timeout_ms, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	Csi__V1__DeleteVolumeRequest request = CSI__V1__DELETE_VOLUME_REQUEST__INIT;
	struct error why = { 0 };
	request.volume_id = wire_borrow(volume_id);
	if (secrets) {
		request.secrets = delete_secrets(arena, secrets);
		request.n_secrets = secrets->count;
	}
	if (rpc_channel_call(channel, WIRE_CONTROLLER, "DeleteVolume", &request.base,
			     &csi__v1__delete_volume_response__descriptor, timeout_ms, &response,
			     &why) < 0 &&
	    why.code != ERROR_NOT_FOUND)
		return error_set(err, why.code, "%s", why.text);
	return 0;
}

static int take_expansion(const Csi__V1__ControllerExpandVolumeResponse *response,
			  uint64_t required_bytes, struct csi_expansion *ret_expansion,
			  struct error *err)
{
	if (response->capacity_bytes < 0 || (uint64_t)response->capacity_bytes < required_bytes)
		return error_set(err, ERROR_INTERNAL,
				 "ControllerExpandVolume: capacity_bytes is %lld, less than the "
				 "%llu that were asked for",
				 (long long)response->capacity_bytes,
				 (unsigned long long)required_bytes);
	*ret_expansion = (struct csi_expansion) {
		.capacity_bytes = (uint64_t)response->capacity_bytes,
		.node_required = response->node_expansion_required,
	};
	return 0;
}

int csi_expand_volume(struct rpc_channel *channel, const struct csi_expand_volume_request *request,
		      uint32_t timeout_ms, struct csi_expansion *ret_expansion, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	Csi__V1__ControllerExpandVolumeRequest wire =
		CSI__V1__CONTROLLER_EXPAND_VOLUME_REQUEST__INIT;
	Csi__V1__CapacityRange range = CSI__V1__CAPACITY_RANGE__INIT;
	if (check_size("required_bytes", request->required_bytes, err) < 0)
		return -1;
	range.required_bytes = (int64_t)request->required_bytes;
	wire.volume_id = wire_borrow(request->volume_id);
	wire.capacity_range = &range;
	wire.volume_capability = make_capability(arena, request->capability);
	wire.secrets = expand_secrets(arena, &request->secrets);
	wire.n_secrets = request->secrets.count;
	if (rpc_channel_call(channel, WIRE_CONTROLLER, "ControllerExpandVolume", &wire.base,
			     &csi__v1__controller_expand_volume_response__descriptor, timeout_ms,
			     &response, err) < 0)
		return -1;
	return take_expansion((Csi__V1__ControllerExpandVolumeResponse *)response,
			      request->required_bytes, ret_expansion, err);
}

int csi_modify_volume(struct rpc_channel *channel, const struct csi_modify_volume_request *request,
		      uint32_t timeout_ms, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	Csi__V1__ControllerModifyVolumeRequest wire =
		CSI__V1__CONTROLLER_MODIFY_VOLUME_REQUEST__INIT;
	wire.volume_id = wire_borrow(request->volume_id);
	wire.mutable_parameters = modify_parameters(arena, &request->parameters);
	wire.n_mutable_parameters = request->parameters.count;
	wire.secrets = modify_secrets(arena, &request->secrets);
	wire.n_secrets = request->secrets.count;
	return rpc_channel_call(channel, WIRE_CONTROLLER, "ControllerModifyVolume", &wire.base,
				&csi__v1__controller_modify_volume_response__descriptor, timeout_ms,
				&response, err);
}

int csi_get_capacity(struct rpc_channel *channel, const struct pairs *parameters,
		     const struct csi_capability *capability, uint32_t timeout_ms,
		     uint64_t *ret_free_bytes, uint64_t *ret_volume_max_bytes, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *message = NULL;
	Csi__V1__GetCapacityRequest request = CSI__V1__GET_CAPACITY_REQUEST__INIT;
	Csi__V1__VolumeCapability *capabilities[] = { make_capability(arena, capability) };
	request.volume_capabilities = capabilities;
	request.n_volume_capabilities = 1;
	request.parameters = capacity_parameters(arena, parameters);
	request.n_parameters = parameters->count;
	if (rpc_channel_call(channel, WIRE_CONTROLLER, "GetCapacity", &request.base,
			     &csi__v1__get_capacity_response__descriptor, timeout_ms, &message,
			     err) < 0)
		return -1;
	const Csi__V1__GetCapacityResponse *response = (Csi__V1__GetCapacityResponse *)message;
	if (response->available_capacity < 0)
		return error_set(err, ERROR_INTERNAL,
				 "GetCapacity: available_capacity is negative");
	*ret_free_bytes = (uint64_t)response->available_capacity;
	*ret_volume_max_bytes =
		response->maximum_volume_size && response->maximum_volume_size->value > 0
			? (uint64_t)response->maximum_volume_size->value
			: 0;
	return 0;
}
