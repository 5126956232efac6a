/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/call.h"

#include <grpc/support/time.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "rpc/handler.h"
#include "rpc/library.h"
#include "rpc/message.h"
#include "rpc/peer.h"
#include "rpc/status.h"
#include "rpc/stream.h"
#include "rpc/workers.h"

#define ARENA_FIRST_BYTES 4096

struct rpc_call {
	struct rpc_host *host;
	grpc_call *call;
	grpc_call_details details;
	grpc_metadata_array metadata;
	const struct rpc_method *method;
	struct rpc_peer peer;
	grpc_byte_buffer *request;
	struct arena *arena; /* while it is served */
	ProtobufCAllocator allocator;
	uint64_t begin_us;
	bool begun;	  /* a stream has sent what precedes its messages */
	int closed_early; /* gRPC's word: the client did not get its answer */
	atomic_bool cancelled;
	atomic_uint steps_left; /* answered, closed */
	struct rpc_tag requested, received, answered, closed;
	struct rpc_work work;
};

#define CALL_OF(pointer, member)                                                                   \
	((struct rpc_call *)(void *)((char *)(pointer)-offsetof(struct rpc_call, member)))

static void start(struct rpc_call *call, const grpc_op *ops, size_t count, struct rpc_tag *tag)
{
	grpc_call *handle = call->call; /* once started, the call may be over at any time */
	rpc_tag_sent(tag);
	if (grpc_call_start_batch(handle, ops, count, tag, NULL) != GRPC_CALL_OK)
		tag->reached(tag, false);
}

static void request_next(struct rpc_call *call);

static bool holds_secrets(const struct rpc_call *call)
{
	return call->method && rpc_message_holds_secrets(call->method->request);
}

static void finish_step(struct rpc_call *call)
{
	if (atomic_fetch_sub(&call->steps_left, 1) > 1)
		return;
	if (holds_secrets(call))
		rpc_message_wipe(call->request);
	grpc_byte_buffer_destroy(call->request);
	grpc_call_unref(call->call);
	grpc_call_details_destroy(&call->details);
	grpc_metadata_array_destroy(&call->metadata);
	request_next(call);
}

static void when_answered(struct rpc_tag *tag, bool ok)
{
	(void)ok; /* false: the client is gone, which no longer matters */
	finish_step(CALL_OF(tag, answered));
}

static void when_closed(struct rpc_tag *tag, bool ok)
{
	struct rpc_call *call = CALL_OF(tag, closed);
	if (!ok || call->closed_early)
		atomic_store(&call->cancelled, true);
	finish_step(call);
}

/* The last that a call sends. A response, if there is one, and the status. */
static void answer(struct rpc_call *call, grpc_byte_buffer *response, const struct error *err)
{
	grpc_slice text = grpc_slice_from_copied_string(err->text);
	grpc_op ops[3] = { 0 };
	size_t count = 0;
	if (!call->begun)
		ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
	if (response) {
		ops[count].op = GRPC_OP_SEND_MESSAGE;
		ops[count++].data.send_message.send_message = response;
	}
	ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
	ops[count].data.send_status_from_server.status = rpc_status_of_error(err->code);
	ops[count++].data.send_status_from_server.status_details = &text;
	rpc_wire_sent();
	start(call, ops, count, &call->answered);
	grpc_byte_buffer_destroy(response);
	grpc_slice_unref(text);
}

static int serve_one(struct rpc_call *call, const ProtobufCMessage *request,
		     grpc_byte_buffer **ret_response, struct error *err)
{
	const struct rpc_method *method = call->method;
	ProtobufCMessage *response = arena_alloc(call->arena, method->response->sizeof_message);
	protobuf_c_message_init(method->response, response);
	if (method->handler(call, request, response, err) < 0)
		return -1;
	*ret_response = rpc_message_pack(response);
	return 0;
}

static bool stream_cancelled(const void *call)
{
	return rpc_call_cancelled(call);
}

static int serve_stream(struct rpc_call *call, const ProtobufCMessage *request, struct error *err)
{
	struct rpc_stream stream;
	rpc_stream_init(&stream, call->call, call->method->response);
	stream.cancelled = stream_cancelled;
	stream.context = call;
	int result = call->method->stream_handler(call, request, &stream, err);
	rpc_stream_done(&stream);
	call->begun = stream.begun;
	return result;
}

static int serve(struct rpc_call *call, grpc_byte_buffer **ret_response, struct error *err)
{
	const struct rpc_method *method = call->method;
	ProtobufCMessage *request;
	rpc_wire_received();
	if (rpc_call_cancelled(call))
		return error_set(err, ERROR_CANCELLED,
				 "the client cancelled the call before a worker was free");
	if (!call->request)
		return error_set(err, ERROR_INVALID, "the message is missing");
	if (rpc_message_unpack(method->request, call->request, &call->allocator, &request, err) < 0)
		return -1;
	if (method->stream_handler)
		return serve_stream(call, request, err);
	return serve_one(call, request, ret_response, err);
}

static void *allocate(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void release_nothing(void *arena, void *memory)
{
	(void)arena;
	(void)memory;
}

static void observe(const struct rpc_call *call, const struct error *err)
{
	const struct rpc_server_options *options = &call->host->options;
	if (options->observe)
		options->observe(options->context, call->method, err->code,
				 clock_monotonic_us() - call->begin_us);
}

static void run_in_worker(struct rpc_work *work)
{
	struct rpc_call *call = CALL_OF(work, work);
	struct error err = { 0 };
	grpc_byte_buffer *response = NULL;

	call->arena = arena_new(ARENA_FIRST_BYTES);
	call->allocator = (ProtobufCAllocator) { allocate, release_nothing, call->arena };
	int result = serve(call, &response, &err);
	if (result < 0 && err.code == ERROR_NONE)
		error_set(&err, ERROR_INTERNAL, "%s failed without a reason", call->method->name);
	if (result == 0)
		err = (struct error) { 0 };
	if (holds_secrets(call)) {
		rpc_message_wipe(call->request);
		arena_wipe(call->arena);
	}
	arena_free(TAKE(call->arena));
	observe(call, &err);
	answer(call, response, &err);
}

/* The caller retries; without a bound the queue would grow until calls wait past their
 * deadlines. */
static void refuse(struct rpc_call *call)
{
	static struct rpc_log_gate gate;
	unsigned dropped;
	struct error err = { 0 };
	error_set(&err, ERROR_UNAVAILABLE, "%s: too many calls wait to be served; try again",
		  call->method->name);
	if (rpc_log_gate_passes(&gate, &dropped))
		log_warning("call refused", LOG_ERR(&err), LOG_UINT("dropped", dropped));
	observe(call, &err);
	answer(call, NULL, &err);
}

static void when_received(struct rpc_tag *tag, bool ok)
{
	struct rpc_call *call = CALL_OF(tag, received);
	(void)ok; /* false: there is no message, and serve() says so */
	call->work = (struct rpc_work) { .run = run_in_worker, .lane = call->method->lane };
	if (!rpc_workers_add(call->host->workers, &call->work))
		refuse(call);
}

static bool slice_is(const char *string, size_t length, const char *path, size_t path_length)
{
	return path_length >= length && memcmp(string, path, length) == 0;
}

/* path: "/csi.v1.Identity/Probe". */
static const struct rpc_method *find_method(const struct rpc_server_options *options,
					    const char *path, size_t length)
{
	for (size_t i = 0; i < options->method_count; i++) {
		const struct rpc_method *method = &options->methods[i];
		size_t service_length = strlen(method->service);
		size_t name_length = strlen(method->name);
		if (length == service_length + name_length + 2 && path[0] == '/' &&
		    slice_is(method->service, service_length, path + 1, length - 1) &&
		    path[service_length + 1] == '/' &&
		    slice_is(method->name, name_length, path + service_length + 2, name_length))
			return method;
	}
	return NULL;
}

/* What is not served is refused before the message is read. */
static int admit(struct rpc_call *call, struct error *err)
{
	const struct rpc_host *host = call->host;
	const char *path = (const char *)GRPC_SLICE_START_PTR(call->details.method);
	size_t length = GRPC_SLICE_LENGTH(call->details.method);

	rpc_peer_identify(call->call, host->remote_name, &call->peer);
	call->method = find_method(&host->options, path, length);
	if (!call->method)
		return error_set(err, ERROR_UNSUPPORTED, "%.*s: not served here",
				 length > 200 ? 200 : (int)length, path);
	if (call->method->local_only && !call->peer.local)
		return error_set(err, ERROR_FORBIDDEN, "%s: served on the node's own socket only",
				 call->method->name);
	return 0;
}

static void watch_for_close(struct rpc_call *call)
{
	grpc_op op = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER };
	op.data.recv_close_on_server.cancelled = &call->closed_early;
	start(call, &op, 1, &call->closed);
}

static void receive(struct rpc_call *call)
{
	grpc_op op = { .op = GRPC_OP_RECV_MESSAGE };
	op.data.recv_message.recv_message = &call->request;
	start(call, &op, 1, &call->received);
}

static void close_slot(struct rpc_call *call)
{
	struct rpc_host *host = call->host;
	grpc_call_details_destroy(&call->details);
	grpc_metadata_array_destroy(&call->metadata);
	free(call);
	pthread_mutex_lock(&host->lock);
	host->slots--;
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->lock);
}

static void when_requested(struct rpc_tag *tag, bool ok)
{
	struct rpc_call *call = CALL_OF(tag, requested);
	struct error err = { 0 };
	if (!ok) { /* the server stops */
		close_slot(call);
		return;
	}
	call->begin_us = clock_monotonic_us();
	watch_for_close(call);
	if (admit(call, &err) < 0)
		answer(call, NULL, &err);
	else
		receive(call);
}

static void request_next(struct rpc_call *call)
{
	struct rpc_host *host = call->host;
	*call = (struct rpc_call) {
		.host = host,
		.steps_left = 2,
		.requested.reached = when_requested,
		.received.reached = when_received,
		.answered.reached = when_answered,
		.closed.reached = when_closed,
	};
	grpc_call_details_init(&call->details);
	grpc_metadata_array_init(&call->metadata);
	rpc_tag_sent(&call->requested);
	if (atomic_load(&host->stopping) ||
	    grpc_server_request_call(host->server, &call->call, &call->details, &call->metadata,
				     host->queue, host->queue, &call->requested) != GRPC_CALL_OK)
		when_requested(&call->requested, false);
}

void rpc_call_open_slot(struct rpc_host *host)
{
	struct rpc_call *call = must_alloc(sizeof(*call));
	call->host = host;
	pthread_mutex_lock(&host->lock);
	host->slots++;
	pthread_mutex_unlock(&host->lock);
	request_next(call);
}

void *rpc_call_context(const struct rpc_call *call)
{
	return call->host->options.context;
}

struct arena *rpc_call_arena(struct rpc_call *call)
{
	return call->arena;
}

ProtobufCAllocator *rpc_call_allocator(struct rpc_call *call)
{
	return &call->allocator;
}

bool rpc_call_cancelled(const struct rpc_call *call)
{
	return atomic_load(&call->cancelled) ||
	       gpr_time_cmp(gpr_now(call->details.deadline.clock_type), call->details.deadline) > 0;
}

const char *rpc_call_peer(const struct rpc_call *call)
{
	return call->peer.name;
}
