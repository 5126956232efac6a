/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/volume.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "csi/argument.h"
#include "csi/effect.h"
#include "csi/names.h"
#include "csi/service.h"
#include "csi/topology.h"
#include "pool/filling.h"
#include "pool/pools.h"
#include "pool/volume_folder.h"
#include "record/io_limits.h"
#include "volume/create.h"
#include "volume/delete.h"
#include "volume/limits.h"
#include "volume/volume.h"

/* Answers with CONTEXT_BACKEND in the volume's context, for people who look at a PV. */
#define CONTEXT_BACKEND "backend"

int64_t csi_volume_bytes(uint64_t bytes)
{
	return bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
}

static Csi__V1__VolumeContentSource *make_source(struct arena *arena,
						 const struct volume_source *source)
{
	if (source->kind == SOURCE_NONE)
		return NULL;
	Csi__V1__VolumeContentSource *wire = arena_alloc(arena, sizeof(*wire));
	csi__v1__volume_content_source__init(wire);
	if (source->kind == SOURCE_SNAPSHOT) {
		wire->type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT;
		wire->snapshot = arena_alloc(arena, sizeof(*wire->snapshot));
		csi__v1__volume_content_source__snapshot_source__init(wire->snapshot);
		wire->snapshot->snapshot_id = arena_strdup(arena, source->id);
	} else {
		wire->type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME;
		wire->volume = arena_alloc(arena, sizeof(*wire->volume));
		csi__v1__volume_content_source__volume_source__init(wire->volume);
		wire->volume->volume_id = arena_strdup(arena, source->id);
	}
	return wire;
}

Csi__V1__Volume *csi_volume_make(struct arena *arena, const struct node *node,
				 const struct volume_record *record)
{
	Csi__V1__Volume *volume = arena_alloc(arena, sizeof(*volume));
	csi__v1__volume__init(volume);
	volume->volume_id = arena_strdup(arena, record->id);
	volume->capacity_bytes = csi_volume_bytes(record->size_bytes);

	Csi__V1__Volume__VolumeContextEntry *context = arena_alloc(arena, sizeof(*context));
	csi__v1__volume__volume_context_entry__init(context);
	context->key = arena_strdup(arena, CONTEXT_BACKEND);
	context->value = arena_strdup(arena, backend_kind_name(record->backend));
	volume->volume_context = arena_alloc(arena, sizeof(*volume->volume_context));
	volume->volume_context[volume->n_volume_context++] = context;

	volume->content_source = make_source(arena, &record->source);
	volume->accessible_topology = arena_alloc(arena, sizeof(*volume->accessible_topology));
	volume->accessible_topology[volume->n_accessible_topology++] =
		csi_topology_make(arena, node->id);
	return volume;
}

static int read_spec(const Csi__V1__CreateVolumeRequest *request, struct arena *arena,
		     struct volume_spec *ret_spec, struct error *err)
{
	struct pairs parameters = CSI_ARGUMENT_PAIRS(arena, request, parameters);
	struct pairs changeable = CSI_ARGUMENT_PAIRS(arena, request, mutable_parameters);
	struct access *accesses = NULL;
	struct volume_spec spec = {
		.name = request->name,
		.elsewhere = request->accessibility_requirements != NULL,
	};
	if (csi_argument_text(request->name, "name", err) < 0 ||
	    csi_argument_accesses(request->volume_capabilities, request->n_volume_capabilities,
				  arena, &accesses, err) < 0 ||
	    access_is_block(accesses, request->n_volume_capabilities, &spec.block, err) < 0 ||
	    access_fs_type(accesses, request->n_volume_capabilities, &spec.fs_type, err) < 0 ||
	    csi_argument_range(request->capacity_range, &spec.range, err) < 0 ||
	    csi_argument_map(&parameters, "parameters", err) < 0 ||
	    parameters_parse(&parameters, &spec.parameters, err) < 0 ||
	    csi_argument_map(&changeable, "mutable_parameters", err) < 0 ||
	    io_limits_parse(&changeable, &spec.limits, err) < 0)
		return -1;
	*ret_spec = spec;
	return 0;
}

static int read_source(const Csi__V1__VolumeContentSource *wire, struct volume_source *ret_source,
		       struct error *err)
{
	const char *id = NULL;
	const char *field = "volume_content_source.snapshot.snapshot_id";
	struct volume_source source = { .kind = SOURCE_SNAPSHOT };
	switch (wire->type_case) {
	case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT:
		id = wire->snapshot->snapshot_id;
		break;
	case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME:
		id = wire->volume->volume_id;
		field = "volume_content_source.volume.volume_id";
		source.kind = SOURCE_VOLUME;
		break;
	default:
		return error_set(err, ERROR_INVALID,
				 "volume_content_source is neither a snapshot nor a volume");
	}
	if (csi_argument_text(id, field, err) < 0)
		return -1;
	if (!id_is_valid(id))
		return error_set(err, ERROR_NOT_FOUND, "%s: there is no \"%s\"", field, id);
	snprintf(source.id, sizeof(source.id), "%s", id);
	*ret_source = source;
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
	if (read_spec(request, arena, &spec, err) < 0 ||
	    (request->volume_content_source &&
	     read_source(request->volume_content_source, &spec.source, err) < 0) ||
	    check_topology(request, node, err) < 0 ||
	    volume_limits_check(node->pools, spec.block || spec.parameters.backend == BACKEND_LOOP,
				&spec.limits, err) < 0)
		return csi_effect_log(&effect, -1, err);
	CLEANUP_FILLING struct filling filling = { 0 };
	filling_init(&filling, node->pools, &node->long_work);
	spec.watch = &filling.watch;
	spec.chosen = &filling.pool;
	effect.claim = claim_of(arena, &spec.parameters);
	int outcome = volume_create(node->pools, &spec, &record, err);
	if (outcome >= 0) {
		effect.volume = record.id;
		response->volume = csi_volume_make(arena, node, &record);
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
		outcome = volume_delete(node->pools, request->volume_id, err);
	return csi_effect_log(&effect, outcome, err);
}

static int has_other(const struct volume_record *record, const char *parameter, const char *has,
		     struct error *err)
{
	return error_set(err, ERROR_INVALID, "parameter %s: volume %s has %s", parameter,
			 record->id, has);
}

/* The class could have made this volume. */
static int check_parameters(const struct pairs *pairs, const struct volume_record *record,
			    struct error *err)
{
	struct parameters parameters;
	if (parameters_parse(pairs, &parameters, err) < 0)
		return -1;
	if (record->block)
		parameters_of_device(&parameters);
	if (parameters.backend != record->backend)
		return has_other(record, "backend", backend_kind_name(record->backend), err);
	if (parameters.enforce != record->enforce)
		return has_other(record, "enforce", record->enforce ? "true" : "false", err);
	if (!parameters.provisioning_open && parameters.provisioning != record->provisioning)
		return has_other(record, "provisioning", provisioning_name(record->provisioning),
				 err);
	if (parameters.encryption != record->encryption)
		return has_other(record, "encryption", encryption_name(record->encryption), err);
	return 0;
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
	if (pairs.count && check_parameters(&pairs, record, err) < 0)
		return -1;
	struct pairs changeable = CSI_ARGUMENT_PAIRS(arena, request, mutable_parameters);
	struct io_limits limits;
	if (io_limits_parse(&changeable, &limits, err) < 0)
		return -1;
	if (changeable.count && !io_limits_equal(&limits, &record->limits))
		return error_set(err, ERROR_INVALID,
				 "mutable_parameters: volume %s has other limits", record->id);
	return 0;
}

static int check_pool(struct pools *pools,
		      const Csi__V1__ValidateVolumeCapabilitiesRequest *request, struct error *err)
{
	CLEANUP_VOLUME_FOLDER struct volume_folder folder = VOLUME_FOLDER_INIT;
	const char *asked = NULL;
	for (size_t i = 0; i < request->n_parameters; i++)
		if (strcmp(request->parameters[i]->key, "pool") == 0)
			asked = request->parameters[i]->value;
	if (!asked)
		return 0;
	if (volume_folder_open(pools, request->volume_id, &folder, err) < 0)
		return -1;
	if (strcmp(asked, folder.pool->site.name) != 0)
		return error_set(err, ERROR_INVALID, "parameter pool: volume %s is in pool %s",
				 request->volume_id, folder.pool->site.name);
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
	GIVE_BACK(
		mutable_parameters,
		Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed__MutableParametersEntry,
		csi__v1__validate_volume_capabilities_response__confirmed__mutable_parameters_entry__init);
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
	if (volume_find(node->pools, request->volume_id, &record, err) < 0)
		return -1;
	struct error reason = { 0 };
	if (check_capabilities(request, arena, &record, &reason) < 0 ||
	    check_pool(node->pools, request, &reason) < 0)
		response->message = arena_strdup(arena, reason.text);
	else
		response->confirmed = confirm(request, arena);
	return 0;
}

static const struct rpc_method methods[] = {
	CSI_METHOD(CONTROLLER, CreateVolume, create_volume),
	CSI_METHOD(CONTROLLER, DeleteVolume, delete_volume),
	CSI_METHOD(CONTROLLER, ValidateVolumeCapabilities, validate_volume_capabilities),
};

size_t csi_volume_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
