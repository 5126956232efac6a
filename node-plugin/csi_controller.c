/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "base/arena.h"
#include "base/clock.h"
#include "csi.pb-c.h"
#include "csi/names.h"
#include "csi_argument.h"
#include "csi_effect.h"
#include "csi_service.h"
#include "csi_topology.h"
#include "node.h"
#include "pool.h"
#include "volume.h"

/* Answers with CONTEXT_BACKEND in the volume's context, for people who look at a PV. */
#define CONTEXT_BACKEND "backend"

/* A list token is a mark and the id after which the next page begins: it survives the deletion of
 * that volume. */
#define TOKEN_MARK "after:"

static int64_t to_wire(uint64_t bytes)
{
	return bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
}

static Csi__V1__Volume *make_volume(struct arena *arena, const struct node *node,
				    const struct volume_record *record)
{
	Csi__V1__Volume *volume = arena_alloc(arena, sizeof(*volume));
	csi__v1__volume__init(volume);
	volume->volume_id = arena_strdup(arena, record->id);
	volume->capacity_bytes = to_wire(record->size_bytes);

	Csi__V1__Volume__VolumeContextEntry *context = arena_alloc(arena, sizeof(*context));
	csi__v1__volume__volume_context_entry__init(context);
	context->key = arena_strdup(arena, CONTEXT_BACKEND);
	context->value = arena_strdup(arena, backend_kind_name(record->backend));
	volume->volume_context = arena_alloc(arena, sizeof(*volume->volume_context));
	volume->volume_context[volume->n_volume_context++] = context;

	volume->accessible_topology = arena_alloc(arena, sizeof(*volume->accessible_topology));
	volume->accessible_topology[volume->n_accessible_topology++] =
		csi_topology_make(arena, node->id);
	return volume;
}

static int read_spec(const Csi__V1__CreateVolumeRequest *request, struct arena *arena,
		     struct volume_spec *ret_spec, struct error *err)
{
	struct pairs parameters = CSI_ARGUMENT_PAIRS(arena, request, parameters);
	struct access *accesses = NULL;
	struct volume_spec spec = {
		.name = request->name,
		.elsewhere = request->accessibility_requirements != NULL,
	};
	if (csi_argument_text(request->name, "name", err) < 0 ||
	    csi_argument_accesses(request->volume_capabilities, request->n_volume_capabilities,
				  arena, &accesses, err) < 0 ||
	    access_fs_type(accesses, request->n_volume_capabilities, &spec.fs_type, err) < 0 ||
	    csi_argument_range(request->capacity_range, &spec.range, err) < 0 ||
	    csi_argument_map(&parameters, "parameters", err) < 0 ||
	    parameters_parse(&parameters, &spec.parameters, err) < 0)
		return -1;
	*ret_spec = spec;
	return 0;
}

static int refuse_unserved(const Csi__V1__CreateVolumeRequest *request, struct error *err)
{
	if (request->volume_content_source)
		return error_set(err, ERROR_INVALID,
				 "volume_content_source: snapshots and clones are not served");
	if (request->n_mutable_parameters)
		return error_set(err, ERROR_INVALID,
				 "mutable_parameters: \"%s\" is unknown (VolumeAttributesClass is "
				 "not served)",
				 request->mutable_parameters[0]->key);
	return 0;
}

static int check_topology(const Csi__V1__CreateVolumeRequest *request, const struct node *node,
			  struct error *err)
{
	if (csi_topology_allows(request->accessibility_requirements, node->id))
		return 0;
	return error_set(err, ERROR_EXHAUSTED,
			 "accessibility_requirements: a volume made here can be used on node %s "
			 "only, which is not asked for",
			 node->id);
}

static const char *claim_of(struct arena *arena, const struct parameters *parameters)
{
	if (!parameters->claim_namespace || !parameters->claim_name)
		return NULL;
	return arena_printf(arena, "%s/%s", parameters->claim_namespace, parameters->claim_name);
}

static int create_volume(struct rpc_call *call, const Csi__V1__CreateVolumeRequest *request,
			 Csi__V1__CreateVolumeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct csi_effect effect = {
		.done = "volume created",
		.failed = "volume not created",
		.volume = request->name,
		.begin_us = clock_monotonic_us(),
	};
	struct volume_spec spec = { 0 };
	struct volume_record record;
	if (read_spec(request, arena, &spec, err) < 0 || refuse_unserved(request, err) < 0 ||
	    check_topology(request, node, err) < 0)
		return csi_effect_log(&effect, -1, err);
	effect.claim = claim_of(arena, &spec.parameters);
	int outcome = volume_create(node->pool, &spec, &record, err);
	if (outcome >= 0) {
		effect.volume = record.id;
		response->volume = make_volume(arena, node, &record);
	}
	return csi_effect_log(&effect, outcome, err);
}

static int delete_volume(struct rpc_call *call, const Csi__V1__DeleteVolumeRequest *request,
			 Csi__V1__DeleteVolumeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct csi_effect effect = {
		.done = "volume deleted",
		.failed = "volume not deleted",
		.volume = request->volume_id,
		.begin_us = clock_monotonic_us(),
	};
	int outcome = csi_argument_text(request->volume_id, "volume_id", err);
	if (outcome == 0)
		outcome = volume_delete(node->pool, request->volume_id, err);
	return csi_effect_log(&effect, outcome, err);
}

/* 0, or -1 with the reason why the volume cannot be used as asked. */
static int check_capabilities(const Csi__V1__ValidateVolumeCapabilitiesRequest *request,
			      struct arena *arena, const struct volume_record *record,
			      struct error *err)
{
	struct access *accesses = NULL;
	if (csi_argument_accesses(request->volume_capabilities, request->n_volume_capabilities,
				  arena, &accesses, err) < 0)
		return -1;
	for (size_t i = 0; i < request->n_volume_capabilities; i++)
		if (volume_check_access(record, &accesses[i], err) < 0)
			return -1;
	struct pairs pairs = CSI_ARGUMENT_PAIRS(arena, request, parameters);
	struct parameters parameters = { .backend = record->backend };
	if (pairs.count && parameters_parse(&pairs, &parameters, err) < 0)
		return -1;
	if (parameters.backend != record->backend)
		return error_set(err, ERROR_INVALID, "parameter backend: volume %s has %s",
				 record->id, backend_kind_name(record->backend));
	if (request->n_mutable_parameters)
		return error_set(err, ERROR_INVALID, "mutable_parameters are not served");
	return 0;
}

/* CSI spec, ValidateVolumeCapabilities: what was checked is given back. */
static Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed *
confirm(const Csi__V1__ValidateVolumeCapabilitiesRequest *request, struct arena *arena)
{
	Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed *confirmed =
		arena_alloc(arena, sizeof(*confirmed));
	csi__v1__validate_volume_capabilities_response__confirmed__init(confirmed);
	confirmed->n_volume_capabilities = request->n_volume_capabilities;
	confirmed->volume_capabilities = request->volume_capabilities;
#define GIVE_BACK(member, type, init)                                                              \
	do {                                                                                       \
		confirmed->n_##member = request->n_##member;                                       \
		confirmed->member =                                                                \
			arena_alloc(arena, request->n_##member * sizeof(*confirmed->member));      \
		for (size_t i = 0; i < request->n_##member; i++) {                                 \
			type *entry = arena_alloc(arena, sizeof(*entry));                          \
			init(entry);                                                               \
			entry->key = request->member[i]->key;                                      \
			entry->value = request->member[i]->value;                                  \
			confirmed->member[i] = entry;                                              \
		}                                                                                  \
	} while (0)
	GIVE_BACK(
		volume_context,
		Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed__VolumeContextEntry,
		csi__v1__validate_volume_capabilities_response__confirmed__volume_context_entry__init);
	GIVE_BACK(
		parameters, Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed__ParametersEntry,
		csi__v1__validate_volume_capabilities_response__confirmed__parameters_entry__init);
#undef GIVE_BACK
	return confirmed;
}

static int validate_volume_capabilities(struct rpc_call *call,
					const Csi__V1__ValidateVolumeCapabilitiesRequest *request,
					Csi__V1__ValidateVolumeCapabilitiesResponse *response,
					struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct volume_record record;
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0)
		return -1;
	if (request->n_volume_capabilities == 0)
		return error_set(err, ERROR_INVALID, "volume_capabilities is missing");
	if (volume_find(node->pool, request->volume_id, &record, err) < 0)
		return -1;
	struct error reason = { 0 };
	if (check_capabilities(request, arena, &record, &reason) < 0)
		response->message = arena_strdup(arena, reason.text);
	else
		response->confirmed = confirm(request, arena);
	return 0;
}

static int read_token(const char *token, const char **ret_after, struct error *err)
{
	const char *after = token;
	if (token[0]) {
		size_t mark_length = strlen(TOKEN_MARK);
		after = token + mark_length;
		if (strncmp(token, TOKEN_MARK, mark_length) != 0 || !volume_id_is_valid(after))
			return error_set(
				err, ERROR_BUSY,
				"starting_token \"%s\" is not one of ours; begin without one",
				token);
	}
	*ret_after = after;
	return 0;
}

static void fill_list(Csi__V1__ListVolumesResponse *response, struct arena *arena,
		      const struct node *node, const struct volume_record *records, size_t count)
{
	response->entries = arena_alloc(arena, count * sizeof(*response->entries));
	for (size_t i = 0; i < count; i++) {
		Csi__V1__ListVolumesResponse__Entry *entry = arena_alloc(arena, sizeof(*entry));
		csi__v1__list_volumes_response__entry__init(entry);
		entry->volume = make_volume(arena, node, &records[i]);
		response->entries[response->n_entries++] = entry;
	}
}

static int list_volumes(struct rpc_call *call, const Csi__V1__ListVolumesRequest *request,
			Csi__V1__ListVolumesResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	const char *after = NULL;
	if (request->max_entries < 0)
		return error_set(err, ERROR_INVALID, "max_entries is negative");
	if (read_token(request->starting_token, &after, err) < 0)
		return -1;
	size_t max = request->max_entries ? (size_t)request->max_entries : SIZE_MAX;
	struct volume_record *records CLEANUP_FREE = NULL;
	size_t count = 0;
	bool more = false;
	if (volume_list(node->pool, after, max, &records, &count, &more, err) < 0)
		return -1;
	fill_list(response, arena, node, records, count);
	if (more && count)
		response->next_token = arena_printf(arena, TOKEN_MARK "%s", records[count - 1].id);
	return 0;
}

static Google__Protobuf__Int64Value *make_number(struct arena *arena, uint64_t number)
{
	Google__Protobuf__Int64Value *value = arena_alloc(arena, sizeof(*value));
	google__protobuf__int64_value__init(value);
	value->value = to_wire(number);
	return value;
}

/* What the class would make of its capabilities; -1 if it could make nothing. */
static int read_class(const Csi__V1__GetCapacityRequest *request, struct arena *arena,
		      uint64_t *ret_minimum_bytes, struct error *err)
{
	struct pairs pairs = CSI_ARGUMENT_PAIRS(arena, request, parameters);
	struct parameters parameters;
	struct access *accesses = NULL;
	const char *fs_type = "";
	if (csi_argument_map(&pairs, "parameters", err) < 0 ||
	    parameters_parse(&pairs, &parameters, err) < 0)
		return -1;
	if (request->n_volume_capabilities &&
	    (csi_argument_accesses(request->volume_capabilities, request->n_volume_capabilities,
				   arena, &accesses, err) < 0 ||
	     access_fs_type(accesses, request->n_volume_capabilities, &fs_type, err) < 0))
		return -1;
	return backend_of_kind(parameters.backend)
		->check_fs_type(fs_type, &fs_type, ret_minimum_bytes, err);
}

static int get_capacity(struct rpc_call *call, const Csi__V1__GetCapacityRequest *request,
			Csi__V1__GetCapacityResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct capacity_space space;
	uint64_t minimum_bytes = 0;
	if (read_class(request, arena, &minimum_bytes, err) < 0)
		return -1;
	if (request->accessible_topology &&
	    !csi_topology_is(request->accessible_topology, node->id))
		return 0; /* nothing of another node is ours to give */
	if (pool_space(node->pool, &space, err) < 0)
		return -1;
	uint64_t room = capacity_room(&space);
	response->available_capacity = to_wire(room);
	response->maximum_volume_size = make_number(arena, room);
	response->minimum_volume_size = make_number(arena, minimum_bytes);
	return 0;
}

#define CAN(name) CSI__V1__CONTROLLER_SERVICE_CAPABILITY__RPC__TYPE__##name

static int controller_get_capabilities(struct rpc_call *call,
				       const Csi__V1__ControllerGetCapabilitiesRequest *request,
				       Csi__V1__ControllerGetCapabilitiesResponse *response,
				       struct error *err)
{
	static const Csi__V1__ControllerServiceCapability__RPC__Type types[] = {
		CAN(CREATE_DELETE_VOLUME),
		CAN(LIST_VOLUMES),
		CAN(GET_CAPACITY),
		CAN(SINGLE_NODE_MULTI_WRITER),
	};
	struct arena *arena = rpc_call_arena(call);
	size_t count = sizeof(types) / sizeof(*types);
	response->capabilities = arena_alloc(arena, count * sizeof(*response->capabilities));
	for (size_t i = 0; i < count; i++) {
		Csi__V1__ControllerServiceCapability *capability =
			arena_alloc(arena, sizeof(*capability));
		Csi__V1__ControllerServiceCapability__RPC *rpc = arena_alloc(arena, sizeof(*rpc));
		csi__v1__controller_service_capability__init(capability);
		csi__v1__controller_service_capability__rpc__init(rpc);
		rpc->type = types[i];
		capability->type_case = CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC;
		capability->rpc = rpc;
		response->capabilities[response->n_capabilities++] = capability;
	}
	return 0;
}

#define METHOD(name, snake)                                                                        \
	RPC_METHOD(CSI_SERVICE_CONTROLLER, name, Csi__V1__##name##Request,                         \
		   csi__v1__##snake##_request__descriptor, Csi__V1__##name##Response,              \
		   csi__v1__##snake##_response__descriptor, snake, false)

static const struct rpc_method methods[] = {
	METHOD(CreateVolume, create_volume),
	METHOD(DeleteVolume, delete_volume),
	METHOD(ValidateVolumeCapabilities, validate_volume_capabilities),
	METHOD(ListVolumes, list_volumes),
	METHOD(GetCapacity, get_capacity),
	METHOD(ControllerGetCapabilities, controller_get_capabilities),
};

size_t csi_controller_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
