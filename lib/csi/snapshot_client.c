/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/snapshot_client.h"

#include "csi.pb-c.h"
#include "csi/snapshot_wire.h"
#include "csi/wire.h"
#include "rpc/channel.h"
#include "rpc/channel_call.h"

WIRE_DEFINE_MAP(create_parameters, Csi__V1__CreateSnapshotRequest__ParametersEntry,
		csi__v1__create_snapshot_request__parameters_entry__init);
WIRE_DEFINE_MAP(create_secrets, Csi__V1__CreateSnapshotRequest__SecretsEntry,
		csi__v1__create_snapshot_request__secrets_entry__init);
WIRE_DEFINE_MAP(delete_secrets, Csi__V1__DeleteSnapshotRequest__SecretsEntry,
		csi__v1__delete_snapshot_request__secrets_entry__init);
WIRE_DEFINE_MAP(get_secrets, Csi__V1__GetSnapshotRequest__SecretsEntry,
		csi__v1__get_snapshot_request__secrets_entry__init);

static int take_snapshot(const char *method, const Csi__V1__Snapshot *from,
			 struct csi_snapshot *ret_snapshot, struct error *err)
{
	struct csi_snapshot snapshot = { 0 };
	if (snapshot_wire_take(from, &snapshot, err) < 0)
		return error_prefix(err, "%s", method);
	*ret_snapshot = snapshot;
	return 0;
}

int csi_create_snapshot(struct rpc_channel *channel,
			const struct csi_create_snapshot_request *request, uint32_t timeout_ms,
			struct csi_snapshot *ret_snapshot, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	Csi__V1__CreateSnapshotRequest wire = CSI__V1__CREATE_SNAPSHOT_REQUEST__INIT;
	wire.name = wire_borrow(request->name);
	wire.source_volume_id = wire_borrow(request->source_volume);
	wire.parameters = create_parameters(arena, &request->parameters);
	wire.n_parameters = request->parameters.count;
	wire.secrets = create_secrets(arena, &request->secrets);
	wire.n_secrets = request->secrets.count;
	if (rpc_channel_call(channel, WIRE_CONTROLLER, "CreateSnapshot", &wire.base,
			     &csi__v1__create_snapshot_response__descriptor, timeout_ms, &response,
			     err) < 0)
		return -1;
	return take_snapshot("CreateSnapshot",
			     ((Csi__V1__CreateSnapshotResponse *)response)->snapshot, ret_snapshot,
			     err);
}

int csi_delete_snapshot(struct rpc_channel *channel, const struct csi_snapshot_request *request,
			uint32_t timeout_ms, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	Csi__V1__DeleteSnapshotRequest wire = CSI__V1__DELETE_SNAPSHOT_REQUEST__INIT;
	struct error why = { 0 };
	wire.snapshot_id = wire_borrow(request->id);
	wire.secrets = delete_secrets(arena, &request->secrets);
	wire.n_secrets = request->secrets.count;
	if (rpc_channel_call(channel, WIRE_CONTROLLER, "DeleteSnapshot", &wire.base,
			     &csi__v1__delete_snapshot_response__descriptor, timeout_ms, &response,
			     &why) < 0 &&
	    why.code != ERROR_NOT_FOUND)
		return error_set(err, why.code, "%s", why.text);
	return 0;
}

int csi_get_snapshot(struct rpc_channel *channel, const struct csi_snapshot_request *request,
		     uint32_t timeout_ms, struct csi_snapshot *ret_snapshot, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(WIRE_ARENA_BYTES);
	CLEANUP_WIRE_MESSAGE ProtobufCMessage *response = NULL;
	Csi__V1__GetSnapshotRequest wire = CSI__V1__GET_SNAPSHOT_REQUEST__INIT;
	wire.snapshot_id = wire_borrow(request->id);
	wire.secrets = get_secrets(arena, &request->secrets);
	wire.n_secrets = request->secrets.count;
	if (rpc_channel_call(channel, WIRE_CONTROLLER, "GetSnapshot", &wire.base,
			     &csi__v1__get_snapshot_response__descriptor, timeout_ms, &response,
			     err) < 0)
		return -1;
	return take_snapshot("GetSnapshot", ((Csi__V1__GetSnapshotResponse *)response)->snapshot,
			     ret_snapshot, err);
}
