/* SPDX-License-Identifier: Apache-2.0 */
#include "echo_service.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "csi.pb-c.h"
#include "rpc/channel_call.h"

static int hold(struct rpc_call *call, struct echo_service *service, struct error *err)
{
	while (!atomic_load(&service->released)) {
		if (rpc_call_cancelled(call)) {
			atomic_fetch_add(&service->seen_cancelled, 1);
			return error_set(err, ERROR_CANCELLED, "nobody waits any more");
		}
		usleep(1000);
	}
	return 0;
}

static void copy_parameters(struct arena *arena, const Csi__V1__CreateVolumeRequest *request,
			    Csi__V1__Volume *volume)
{
	volume->volume_context = arena_alloc(arena, (request->n_parameters + 1) * sizeof(void *));
	volume->n_volume_context = request->n_parameters;
	for (size_t i = 0; i < request->n_parameters; i++) {
		Csi__V1__Volume__VolumeContextEntry *entry = arena_alloc(arena, sizeof(*entry));
		csi__v1__volume__volume_context_entry__init(entry);
		entry->key = request->parameters[i]->key;
		entry->value = request->parameters[i]->value;
		volume->volume_context[i] = entry;
	}
}

static int echo(struct rpc_call *call, const Csi__V1__CreateVolumeRequest *request,
		Csi__V1__CreateVolumeResponse *response, struct error *err)
{
	struct echo_service *service = rpc_call_context(call);
	struct arena *arena = rpc_call_arena(call);
	int code;
	atomic_fetch_add(&service->begun, 1);
	if (sscanf(request->name, "fail:%d", &code) == 1)
		return error_set(err, (enum error_code)code, "because of %d", code);
	if (strcmp(request->name, "hold") == 0 && hold(call, service, err) < 0)
		return -1;
	response->volume = arena_alloc(arena, sizeof(*response->volume));
	csi__v1__volume__init(response->volume);
	const char *id = strcmp(request->name, "peer") == 0 ? rpc_call_peer(call) : request->name;
	response->volume->volume_id = arena_strdup(arena, id);
	if (request->capacity_range)
		response->volume->capacity_bytes = request->capacity_range->required_bytes;
	copy_parameters(arena, request, response->volume);
	return 0;
}

static int send_numbered(struct rpc_call *call, const Csi__V1__CapacityRange *range,
			 struct rpc_stream *stream, struct error *err)
{
	struct echo_service *service = rpc_call_context(call);
	Csi__V1__CreateVolumeResponse response = CSI__V1__CREATE_VOLUME_RESPONSE__INIT;
	Csi__V1__Volume volume = CSI__V1__VOLUME__INIT;
	size_t length = (size_t)range->limit_bytes;
	response.volume = &volume;
	volume.volume_id = arena_alloc(rpc_call_arena(call), length + 1);
	memset(volume.volume_id, 'x', length);
	for (int64_t i = 0; i < range->required_bytes; i++) {
		volume.capacity_bytes = i;
		if (rpc_stream_send(stream, &response.base, err) < 0) {
			atomic_store(&service->stream_code, (int)err->code);
			return -1;
		}
		atomic_fetch_add(&service->sent, 1);
	}
	return 0;
}

static int stream(struct rpc_call *call, const Csi__V1__CreateVolumeRequest *request,
		  struct rpc_stream *stream, struct error *err)
{
	struct echo_service *service = rpc_call_context(call);
	int code;
	atomic_fetch_add(&service->begun, 1);
	if (request->capacity_range &&
	    send_numbered(call, request->capacity_range, stream, err) < 0)
		return -1;
	if (sscanf(request->name, "fail:%d", &code) == 1)
		return error_set(err, (enum error_code)code, "because of %d", code);
	return strcmp(request->name, "hold") == 0 ? hold(call, service, err) : 0;
}

static void observe(void *context, const struct rpc_method *method, enum error_code code,
		    uint64_t duration_us)
{
	struct echo_service *service = context;
	atomic_store(&service->last_code, (int)code);
	atomic_fetch_add(&service->observed, 1);
}

static const struct rpc_method methods[] = {
	RPC_METHOD("test.Echo", Echo, Csi__V1__CreateVolumeRequest,
		   csi__v1__create_volume_request__descriptor, Csi__V1__CreateVolumeResponse,
		   csi__v1__create_volume_response__descriptor, echo, false),
	RPC_METHOD("test.Echo", EchoLocally, Csi__V1__CreateVolumeRequest,
		   csi__v1__create_volume_request__descriptor, Csi__V1__CreateVolumeResponse,
		   csi__v1__create_volume_response__descriptor, echo, true),
	RPC_METHOD_IN(RPC_LANE_QUICK, "test.Echo", EchoQuickly, Csi__V1__CreateVolumeRequest,
		      csi__v1__create_volume_request__descriptor, Csi__V1__CreateVolumeResponse,
		      csi__v1__create_volume_response__descriptor, echo, false),
	RPC_STREAM("test.Echo", Stream, Csi__V1__CreateVolumeRequest,
		   csi__v1__create_volume_request__descriptor,
		   csi__v1__create_volume_response__descriptor, stream, false),
};

int echo_server_new(struct echo_service *service, unsigned workers, size_t message_bytes_max,
		    struct rpc_server **ret_server, struct error *err)
{
	const struct rpc_server_options options = {
		.methods = methods,
		.method_count = sizeof(methods) / sizeof(methods[0]),
		.context = service,
		.workers = workers,
		.message_bytes_max = message_bytes_max,
		.observe = observe,
	};
	return rpc_server_new(&options, ret_server, err);
}

int echo_call(struct rpc_channel *channel, const char *method, const char *name,
	      uint32_t timeout_ms, char answer[static ECHO_ANSWER_MAX], struct error *err)
{
	Csi__V1__CreateVolumeRequest request = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
	ProtobufCMessage *response;
	request.name = (char *)name;
	if (rpc_channel_call(channel, "test.Echo", method, &request.base,
			     &csi__v1__create_volume_response__descriptor, timeout_ms, &response,
			     err) < 0)
		return -1;
	snprintf(answer, ECHO_ANSWER_MAX, "%s",
		 ((Csi__V1__CreateVolumeResponse *)response)->volume->volume_id);
	protobuf_c_message_free_unpacked(response, NULL);
	return 0;
}
