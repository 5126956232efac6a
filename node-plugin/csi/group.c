/* SPDX-License-Identifier: Apache-2.0 */

/*
 * GroupController: snapshots of several volumes at one moment (snapshot/group.h).
 */

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "csi.pb-c.h"
#include "csi/argument.h"
#include "csi/effect.h"
#include "csi/node.h"
#include "csi/service.h"
#include "csi/snapshot.h"
#include "pool/filling.h"
#include "snapshot/group.h"

static Csi__V1__VolumeGroupSnapshot *make_group(struct arena *arena, const struct node *node,
						const struct snapshot_group *group)
{
	Csi__V1__VolumeGroupSnapshot *message = arena_alloc(arena, sizeof(*message));
	csi__v1__volume_group_snapshot__init(message);
	message->group_snapshot_id = arena_strdup(arena, group->id);
	message->ready_to_use = true; /* only whole ones are found */
	message->creation_time = csi_snapshot_time(arena, group->created_us);
	message->snapshots = arena_alloc(arena, group->member_count * sizeof(*message->snapshots));
	for (size_t i = 0; i < group->member_count; i++)
		message->snapshots[message->n_snapshots++] =
			csi_snapshot_make(arena, node, &group->members[i]);
	return message;
}

static int check_ids(char *const *ids, size_t count, const char *field, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (csi_argument_text(ids[i], field, err) < 0)
			return -1;
	return 0;
}

static int check_create(const Csi__V1__CreateVolumeGroupSnapshotRequest *request,
			const struct pairs *parameters, struct error *err)
{
	if (csi_argument_text(request->name, "name", err) < 0 ||
	    check_ids(request->source_volume_ids, request->n_source_volume_ids, "source_volume_ids",
		      err) < 0)
		return -1;
	if (request->n_source_volume_ids == 0)
		return error_set(err, ERROR_INVALID, "source_volume_ids is missing");
	return csi_argument_no_parameters(parameters, "VolumeGroupSnapshotClass", err);
}

static int create_volume_group_snapshot(struct rpc_call *call,
					const Csi__V1__CreateVolumeGroupSnapshotRequest *request,
					Csi__V1__CreateVolumeGroupSnapshotResponse *response,
					struct error *err)
{
	struct node *node = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	CLEANUP_FILLING struct filling filling = { 0 };
	const struct csi_effect effect = {
		.done = "group snapshot created",
		.failed = "group snapshot not created",
		.group = request->name,
		.begin_us = clock_monotonic_us(),
	};
	struct pairs parameters = CSI_ARGUMENT_PAIRS(arena, request, parameters);
	filling_init(&filling, node->pools, &node->long_work);
	int outcome = check_create(request, &parameters, err);
	if (outcome == 0)
		outcome = snapshot_group_create(
			node->pools, request->name, (const char *const *)request->source_volume_ids,
			request->n_source_volume_ids, &filling.watch, &group, err);
	if (outcome >= 0)
		response->group_snapshot = make_group(arena, node, &group);
	return csi_effect_log(&effect, outcome, err);
}

static int delete_volume_group_snapshot(struct rpc_call *call,
					const Csi__V1__DeleteVolumeGroupSnapshotRequest *request,
					Csi__V1__DeleteVolumeGroupSnapshotResponse *response,
					struct error *err)
{
	struct node *node = rpc_call_context(call);
	const struct csi_effect effect = {
		.done = "group snapshot deleted",
		.failed = "group snapshot not deleted",
		.group = request->group_snapshot_id,
		.begin_us = clock_monotonic_us(),
	};
	int outcome = csi_argument_text(request->group_snapshot_id, "group_snapshot_id", err);
	if (outcome == 0)
		outcome = snapshot_group_delete(node->pools, request->group_snapshot_id,
						(const char *const *)request->snapshot_ids,
						request->n_snapshot_ids, err);
	return csi_effect_log(&effect, outcome, err);
}

static int get_volume_group_snapshot(struct rpc_call *call,
				     const Csi__V1__GetVolumeGroupSnapshotRequest *request,
				     Csi__V1__GetVolumeGroupSnapshotResponse *response,
				     struct error *err)
{
	struct node *node = rpc_call_context(call);
	CLEANUP_SNAPSHOT_GROUP struct snapshot_group group = SNAPSHOT_GROUP_INIT;
	if (csi_argument_text(request->group_snapshot_id, "group_snapshot_id", err) < 0 ||
	    snapshot_group_find(node->pools, request->group_snapshot_id, &group, err) < 0 ||
	    snapshot_group_check_members(&group, (const char *const *)request->snapshot_ids,
					 request->n_snapshot_ids, err) < 0)
		return -1;
	response->group_snapshot = make_group(rpc_call_arena(call), node, &group);
	return 0;
}

static int group_controller_get_capabilities(
	struct rpc_call *call, const Csi__V1__GroupControllerGetCapabilitiesRequest *request,
	Csi__V1__GroupControllerGetCapabilitiesResponse *response, struct error *err)
{
	struct arena *arena = rpc_call_arena(call);
	Csi__V1__GroupControllerServiceCapability *capability =
		arena_alloc(arena, sizeof(*capability));
	Csi__V1__GroupControllerServiceCapability__RPC *rpc = arena_alloc(arena, sizeof(*rpc));
	csi__v1__group_controller_service_capability__init(capability);
	csi__v1__group_controller_service_capability__rpc__init(rpc);
	rpc->type =
		CSI__V1__GROUP_CONTROLLER_SERVICE_CAPABILITY__RPC__TYPE__CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT;
	capability->type_case = CSI__V1__GROUP_CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC;
	capability->rpc = rpc;
	response->capabilities = arena_alloc(arena, sizeof(*response->capabilities));
	response->capabilities[response->n_capabilities++] = capability;
	return 0;
}

static const struct rpc_method methods[] = {
	CSI_QUICK_METHOD(GROUP_CONTROLLER, GroupControllerGetCapabilities,
			 group_controller_get_capabilities),
	CSI_METHOD(GROUP_CONTROLLER, CreateVolumeGroupSnapshot, create_volume_group_snapshot),
	CSI_METHOD(GROUP_CONTROLLER, DeleteVolumeGroupSnapshot, delete_volume_group_snapshot),
	CSI_METHOD(GROUP_CONTROLLER, GetVolumeGroupSnapshot, get_volume_group_snapshot),
};

size_t csi_group_methods(const struct rpc_method **ret_methods)
{
	*ret_methods = methods;
	return sizeof(methods) / sizeof(*methods);
}
