/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/snapshot_client.h"

#include <stdio.h>
#include <string.h>

#include "csi.pb-c.h"
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

/* CSI spec, "Size Limits". */
static int take_string(const char *field, const char *from,
		       char to[static CSI_STRING_BYTES_MAX + 1], struct error *err)
{
	if (strlen(from) > CSI_STRING_BYTES_MAX)
		return error_set(err, ERROR_UNAVAILABLE, "%s is longer than %d bytes", field,
				 CSI_STRING_BYTES_MAX);
	strcpy(to, from);
	return 0;
}

/* As many seconds as nanoseconds in 64 bits can count: until the year 2262. */
static int take_time(const Google__Protobuf__Timestamp *from, int64_t *ret_ns, struct error *err)
{
	*ret_ns = 0;
	if (!from)
		return 0;
	if (from->seconds < 0 || from->seconds >= INT64_MAX / 1000000000 || from->nanos < 0 ||
	    from->nanos >= 1000000000)
		return error_set(err, ERROR_UNAVAILABLE, "creation_time is out of range");
	*ret_ns = from->seconds * 1000000000 + from->nanos;
	return 0;
}

/* What the driver did is not known if its answer cannot be read. ERROR_UNAVAILABLE says so; to the
 * caller ERROR_INTERNAL would mean that there is no snapshot. */
static int take_fields(const Csi__V1__Snapshot *from, struct csi_snapshot *to, struct error *err)
{
	if (!from || !from->snapshot_id[0])
		return error_set(err, ERROR_UNAVAILABLE, "the answer has no snapshot_id");
	if (from->size_bytes < 0)
		return error_set(err, ERROR_UNAVAILABLE, "size_bytes is negative");
	to->size_bytes = (uint64_t)from->size_bytes;
	to->ready = from->ready_to_use;
	if (take_string("snapshot_id", from->snapshot_id, to->id, err) < 0 ||
	    take_string("source_volume_id", from->source_volume_id, to->source_volume, err) < 0 ||
	    take_string("group_snapshot_id", from->group_snapshot_id, to->group, err) < 0)
		return -1;
	return take_time(from->creation_time, &to->taken_ns, err);
}

static int take_snapshot(const char *method, const Csi__V1__Snapshot *from,
			 struct csi_snapshot *ret_snapshot, struct error *err)
{
	struct csi_snapshot snapshot = { 0 };
	if (take_fields(from, &snapshot, err) < 0)
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
