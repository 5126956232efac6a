/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is there: ListVolumes, ControllerGetVolume and GetCapacity.
 */

#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "csi/argument.h"
#include "csi/names.h"
#include "csi/page.h"
#include "csi/service.h"
#include "csi/topology.h"
#include "csi/volume.h"
#include "pool/choice.h"
#include "pool/pools.h"
#include "volume/size.h"
#include "volume/volume.h"

/* The nodes on which a volume is attached: this one, if at all. */
static size_t list_nodes(struct arena *arena, const struct node *node,
			 const struct volume_record *record, char ***ret_nodes)
{
	if (!node->pools->node->attach || record->attached == ATTACHED_NO)
		return 0;
	*ret_nodes = arena_alloc(arena, sizeof(**ret_nodes));
	(*ret_nodes)[0] = arena_strdup(arena, node->id);
	return 1;
}

static void fill_list(Csi__V1__ListVolumesResponse *response, struct arena *arena,
		      const struct node *node, const struct volume_record *records, size_t count)
{
	response->entries = arena_alloc(arena, count * sizeof(*response->entries));
	for (size_t i = 0; i < count; i++) {
		Csi__V1__ListVolumesResponse__Entry *entry = arena_alloc(arena, sizeof(*entry));
		csi__v1__list_volumes_response__entry__init(entry);
		entry->volume = csi_volume_make(arena, node, &records[i]);
		entry->status = arena_alloc(arena, sizeof(*entry->status));
		csi__v1__list_volumes_response__volume_status__init(entry->status);
		entry->status->n_published_node_ids =
			list_nodes(arena, node, &records[i], &entry->status->published_node_ids);
		response->entries[response->n_entries++] = entry;
	}
}

static int list_volumes(struct rpc_call *call, const Csi__V1__ListVolumesRequest *request,
			Csi__V1__ListVolumesResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct csi_page page;
	if (csi_page_read(request->max_entries, request->starting_token, &page, err) < 0)
		return -1;
	CLEANUP_FREE struct volume_record *records = NULL;
	size_t count = 0;
	bool more = false;
	if (volume_list(node->pools, page.after, page.max, &records, &count, &more, err) < 0)
		return -1;
	fill_list(response, arena, node, records, count);
	if (more && count)
		response->next_token = csi_page_token(arena, records[count - 1].id);
	return 0;
}

static int controller_get_volume(struct rpc_call *call,
				 const Csi__V1__ControllerGetVolumeRequest *request,
				 Csi__V1__ControllerGetVolumeResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct volume_record record;
	if (csi_argument_text(request->volume_id, "volume_id", err) < 0 ||
	    volume_find(node->pools, request->volume_id, &record, err) < 0)
		return -1;
	Csi__V1__ControllerGetVolumeResponse__VolumeStatus *status =
		arena_alloc(arena, sizeof(*status));
	csi__v1__controller_get_volume_response__volume_status__init(status);
	status->n_published_node_ids =
		list_nodes(arena, node, &record, &status->published_node_ids);
	response->volume = csi_volume_make(arena, node, &record);
	response->status = status;
	return 0;
}

static Google__Protobuf__Int64Value *make_number(struct arena *arena, uint64_t number)
{
	Google__Protobuf__Int64Value *value = arena_alloc(arena, sizeof(*value));
	google__protobuf__int64_value__init(value);
	value->value = csi_volume_bytes(number);
	return value;
}

/* For CreateVolume external-provisioner takes out of the class what is the sidecars' own; for
 * GetCapacity it does not, and asks for no capabilities: the class names the file system. */
static const char *take_out_sidecars_own(struct pairs *pairs)
{
	const char *fs_type = "";
	size_t kept = 0;
	for (size_t i = 0; i < pairs->count; i++) {
		const struct pair *pair = &pairs->items[i];
		if (strcmp(pair->key, CSI_PARAMETER_FS_TYPE) == 0)
			fs_type = pair->value;
		if (strncmp(pair->key, CSI_PARAMETER_PREFIX, strlen(CSI_PARAMETER_PREFIX)) != 0)
			pairs->items[kept++] = *pair;
	}
	pairs->count = kept;
	return fs_type;
}

/* What the capabilities ask for, where there are any. */
static int read_capabilities(const Csi__V1__GetCapacityRequest *request, struct arena *arena,
			     const char **ret_fs_type, bool *ret_block, struct error *err)
{
	struct access *accesses = NULL;
	size_t count = request->n_volume_capabilities;
	if (count == 0)
		return 0;
	if (csi_argument_accesses(request->volume_capabilities, count, arena, &accesses, err) < 0 ||
	    access_is_block(accesses, count, ret_block, err) < 0)
		return -1;
	return access_fs_type(accesses, count, ret_fs_type, err);
}

/* What the class would make of its capabilities; -1 if it could make nothing. */
static int read_class(const Csi__V1__GetCapacityRequest *request, struct arena *arena,
		      struct parameters *ret_parameters, uint64_t *ret_minimum_bytes,
		      struct error *err)
{
	struct pairs pairs = CSI_ARGUMENT_PAIRS(arena, request, parameters);
	struct parameters parameters;
	const char *asked = "";
	bool block = false;
	if (csi_argument_map(&pairs, "parameters", err) < 0)
		return -1;
	const char *fs_type = take_out_sidecars_own(&pairs);
	if (parameters_parse(&pairs, &parameters, err) < 0 ||
	    read_capabilities(request, arena, &asked, &block, err) < 0)
		return -1;
	if (block)
		parameters_of_device(&parameters);
	if (asked[0])
		fs_type = asked;
	if (volume_size_minimum(&parameters, block, &fs_type, ret_minimum_bytes, err) < 0)
		return -1;
	*ret_parameters = parameters;
	return 0;
}

/* A class that this node does not serve has no room on it: that keeps its Pods away. Another node
 * may have the pool that it names, so it is no error. */
static int read_capacity(struct pools *pools, const struct parameters *parameters,
			 struct pool_capacity *ret_capacity, struct error *err)
{
	struct error reason = { 0 };
	if (pool_choice_capacity(pools, parameters, ret_capacity, &reason) == 0)
		return 0;
	if (reason.code != ERROR_EXHAUSTED && reason.code != ERROR_UNAVAILABLE) {
		*err = reason;
		return -1;
	}
	/* The provisioner asks for each class once a minute. */
	log_debug("class has no room here",
		  LOG_TEXT("backend", backend_kind_name(parameters->backend)),
		  LOG_TEXT("pool", parameters->pool), LOG_ERR(&reason));
	*ret_capacity = (struct pool_capacity) { 0 };
	return 0;
}

static int get_capacity(struct rpc_call *call, const Csi__V1__GetCapacityRequest *request,
			Csi__V1__GetCapacityResponse *response, struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	struct pool_capacity capacity = { 0 };
	uint64_t minimum_bytes = 0;
	struct parameters parameters;
	if (read_class(request, arena, &parameters, &minimum_bytes, err) < 0)
		return -1;
	if (request->accessible_topology &&
	    !csi_topology_is(request->accessible_topology, node->id))
		return 0; /* nothing of another node is ours to give */
	if (read_capacity(node->pools, &parameters, &capacity, err) < 0)
		return -1;
	response->available_capacity = csi_volume_bytes(capacity.available_bytes);
	response->maximum_volume_size = make_number(arena, capacity.largest_bytes);
	response->minimum_volume_size = make_number(arena, minimum_bytes);
	return 0;
}

static const struct rpc_method methods[] = {
	CSI_METHOD(CONTROLLER, ListVolumes, list_volumes),
	CSI_METHOD(CONTROLLER, ControllerGetVolume, controller_get_volume),
	CSI_METHOD(CONTROLLER, GetCapacity, get_capacity),
};

size_t csi_list_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
