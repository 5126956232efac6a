/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/group_client.h"

#include "csi.pb-c.h"
#include "csi/snapshot_wire.h"
#include "csi/wire.h"
#include "rpc/channel.h"
#include "rpc/channel_call.h"

WIRE_DEFINE_MAP(create_parameters, Csi__V1__CreateVolumeGroupSnapshotRequest__ParametersEntry,
		csi__v1__create_volume_group_snapshot_request__parameters_entry__init);
WIRE_DEFINE_MAP(create_secrets, Csi__V1__CreateVolumeGroupSnapshotRequest__SecretsEntry,
		csi__v1__create_volume_group_snapshot_request__secrets_entry__init);
WIRE_DEFINE_MAP(delete_secrets, Csi__V1__DeleteVolumeGroupSnapshotRequest__SecretsEntry,
		csi__v1__delete_volume_group_snapshot_request__secrets_entry__init);
WIRE_DEFINE_MAP(get_secrets, Csi__V1__GetVolumeGroupSnapshotRequest__SecretsEntry,
		csi__v1__get_volume_group_snapshot_request__secrets_entry__init);

static int take_members(const Csi__V1__VolumeGroupSnapshot *from, struct csi_group_snapshot *to,
			struct error *err)
{
	if (from->n_snapshots > CSI_GROUP_MEMBERS_MAX)
		return error_set(err, ERROR_UNAVAILABLE,
				 "the group has %zu snapshots, more than %d", from->n_snapshots,
				 CSI_GROUP_MEMBERS_MAX);
	for (size_t i = 0; i < from->n_snapshots; i++)
		if (snapshot_wire_take(from->snapshots[i], &to->members[i], err) < 0)
			return error_prefix(err, "snapshots[%zu]", i);
	to->member_count = from->n_snapshots;
	return 0;
}

static int take_fields(const Csi__V1__VolumeGroupSnapshot *from, struct csi_group_snapshot *to,
		       struct error *err)
{
	if (!from || !from->group_snapshot_id[0])
		return error_set(err, ERROR_UNAVAILABLE, "the answer has no group_snapshot_id");
	to->ready = from->ready_to_use;
	if (snapshot_wire_take_string("group_snapshot_id", from->group_snapshot_id, to->id, err) <
		    0 ||
	    snapshot_wire_take_time(from->creation_time, &to->taken_ns, err) < 0)
		return -1;
	return take_members(from, to, err);
}

static int take_group(const char *method, const Csi__V1__VolumeGroupSnapshot *from,
		      struct csi_group_snapshot *ret_group, struct error *err)
{
	struct csi_group_snapshot group = { 0 };
	if (take_fields(from, &group, err) < 0)
		return error_prefix(err, "%s", method);
	*ret_group = group;
	return 0;
}

/* The generated structs take char **; the strings are not changed. */
static char **borrow_list(const char *const *strings)
{
	return (char **)(uintptr_t)strings;
}

int csi_create_group_snapshot(struct rpc_channel *channel,
			      const struct csi_create_group_request *request, uint32_t timeout_ms,
			      struct csi_group_snapshot *ret_group, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	Csi__V1__CreateVolumeGroupSnapshotRequest wire =
		CSI__V1__CREATE_VOLUME_GROUP_SNAPSHOT_REQUEST__INIT;
	wire.name = wire_borrow(request->name);
	wire.source_volume_ids = borrow_list(request->source_volumes);
	wire.n_source_volume_ids = request->source_count;
	wire.parameters = create_parameters(arena, &request->parameters);
	wire.n_parameters = request->parameters.count;
	wire.secrets = create_secrets(arena, &request->secrets);
	wire.n_secrets = request->secrets.count;
	if (rpc_channel_call(channel, WIRE_GROUP_CONTROLLER, "CreateVolumeGroupSnapshot",
			     &wire.base,
			     &csi__v1__create_volume_group_snapshot_response__descriptor,
			     timeout_ms, &response, err) < 0)
		return -1;
	return take_group("CreateVolumeGroupSnapshot",
			  ((Csi__V1__CreateVolumeGroupSnapshotResponse *)response)->group_snapshot,
			  ret_group, err);
}

int csi_delete_group_snapshot(struct rpc_channel *channel, const struct csi_group_request *request,
			      uint32_t timeout_ms, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	Csi__V1__DeleteVolumeGroupSnapshotRequest wire =
		CSI__V1__DELETE_VOLUME_GROUP_SNAPSHOT_REQUEST__INIT;
	struct error why = { 0 };
	wire.group_snapshot_id = wire_borrow(request->id);
	wire.snapshot_ids = borrow_list(request->snapshots);
	wire.n_snapshot_ids = request->snapshot_count;
	wire.secrets = delete_secrets(arena, &request->secrets);
	wire.n_secrets = request->secrets.count;
	if (rpc_channel_call(channel, WIRE_GROUP_CONTROLLER, "DeleteVolumeGroupSnapshot",
			     &wire.base,
			     &csi__v1__delete_volume_group_snapshot_response__descriptor,
			     timeout_ms, &response, &why) < 0 &&
	    why.code != ERROR_NOT_FOUND)
		return error_set(err, why.code, "%s", why.text);
	return 0;
}

int csi_get_group_snapshot(struct rpc_channel *channel, const struct csi_group_request *request,
			   uint32_t timeout_ms, struct csi_group_snapshot *ret_group,
			   struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	Csi__V1__GetVolumeGroupSnapshotRequest wire =
		CSI__V1__GET_VOLUME_GROUP_SNAPSHOT_REQUEST__INIT;
	wire.group_snapshot_id = wire_borrow(request->id);
	wire.snapshot_ids = borrow_list(request->snapshots);
	wire.n_snapshot_ids = request->snapshot_count;
	wire.secrets = get_secrets(arena, &request->secrets);
	wire.n_secrets = request->secrets.count;
	if (rpc_channel_call(channel, WIRE_GROUP_CONTROLLER, "GetVolumeGroupSnapshot", &wire.base,
			     &csi__v1__get_volume_group_snapshot_response__descriptor, timeout_ms,
			     &response, err) < 0)
		return -1;
	return take_group("GetVolumeGroupSnapshot",
			  ((Csi__V1__GetVolumeGroupSnapshotResponse *)response)->group_snapshot,
			  ret_group, err);
}
