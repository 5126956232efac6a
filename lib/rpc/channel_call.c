/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/channel_call.h"

#include <grpc/grpc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rpc/channel_line.h"
#include "rpc/library.h"
#include "rpc/message.h"
#include "rpc/status.h"
#include "rpc/tag.h"

/* One call under way, with its own completion queue: each caller waits for its own answer. */
struct exchange {
	const struct rpc_channel *channel;
	const char *method;
	uint32_t timeout_ms;
	grpc_completion_queue *queue;
	grpc_call *call;
	gpr_timespec deadline;
	grpc_byte_buffer *request;
	/* The request's bytes, where it holds secrets: gRPC takes them out of the buffer and would
	 * free them as they are. */
	grpc_slice secret;
	grpc_byte_buffer *response;
	grpc_metadata_array initial_metadata;
	grpc_metadata_array trailing_metadata;
	grpc_status_code status;
	grpc_slice details;
};

static void exchange_begin(struct exchange *exchange, struct rpc_channel *channel,
			   const char *service, const char *method, uint32_t timeout_ms)
{
	CLEANUP_FREE char *path = must_printf("/%s/%s", service, method);
	*exchange = (struct exchange) {
		.channel = channel,
		.method = method,
		.timeout_ms = timeout_ms,
		.details = grpc_empty_slice(),
		.secret = grpc_empty_slice(),
	};
	exchange->deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
					  gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
	grpc_metadata_array_init(&exchange->initial_metadata);
	grpc_metadata_array_init(&exchange->trailing_metadata);
	exchange->queue = grpc_completion_queue_create_for_pluck(NULL);
	exchange->call = rpc_channel_begin(channel, exchange->queue, path, exchange->deadline);
}

/* The tag is any address of the exchange. What cannot start is the call's end, status and all. */
static bool start(struct exchange *exchange, const grpc_op *ops, size_t count, void *tag)
{
	rpc_wire_sent();
	rpc_tag_sent(tag);
	grpc_call_error failed = grpc_call_start_batch(exchange->call, ops, count, tag, NULL);
	if (failed == GRPC_CALL_OK)
		return true;
	exchange->status = GRPC_STATUS_INTERNAL;
	grpc_slice_unref(exchange->details);
	exchange->details = grpc_slice_from_copied_string(grpc_call_error_to_string(failed));
	return false;
}

/* The deadline of the call bounds this wait. */
static void await(struct exchange *exchange, void *tag)
{
	grpc_completion_queue_pluck(exchange->queue, tag, gpr_inf_future(GPR_CLOCK_MONOTONIC),
				    NULL);
	rpc_tag_received(tag);
	rpc_wire_received();
}

static grpc_op recv_message(struct exchange *exchange)
{
	return (grpc_op) { .op = GRPC_OP_RECV_MESSAGE,
			   .data.recv_message = { &exchange->response } };
}

static grpc_op recv_status(struct exchange *exchange)
{
	return (grpc_op) { .op = GRPC_OP_RECV_STATUS_ON_CLIENT,
			   .data.recv_status_on_client = { &exchange->trailing_metadata,
							   &exchange->status, &exchange->details,
							   NULL } };
}

static void pack(struct exchange *exchange, const ProtobufCMessage *request)
{
	if (!rpc_message_holds_secrets(request->descriptor)) {
		exchange->request = rpc_message_pack(request);
		return;
	}
	exchange->secret = rpc_message_pack_bytes(request);
	exchange->request = grpc_raw_byte_buffer_create(&exchange->secret, 1);
}

static void exchange_run(struct exchange *exchange, const ProtobufCMessage *request)
{
	pack(exchange, request);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message = { exchange->request } },
		{ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA,
		  .data.recv_initial_metadata = { &exchange->initial_metadata } },
		recv_message(exchange),
		recv_status(exchange),
	};
	if (start(exchange, ops, sizeof(ops) / sizeof(ops[0]), exchange))
		await(exchange, exchange);
}

/* As exchange_run(), but messages and status are yet to be asked for. */
static bool exchange_open(struct exchange *exchange, const ProtobufCMessage *request)
{
	pack(exchange, request);
	const grpc_op ops[] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE, .data.send_message = { exchange->request } },
		{ .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT },
		{ .op = GRPC_OP_RECV_INITIAL_METADATA,
		  .data.recv_initial_metadata = { &exchange->initial_metadata } },
	};
	if (!start(exchange, ops, sizeof(ops) / sizeof(ops[0]), exchange))
		return false;
	await(exchange, exchange);
	return true;
}

static void exchange_done(struct exchange *exchange)
{
	explicit_bzero(GRPC_SLICE_START_PTR(exchange->secret), GRPC_SLICE_LENGTH(exchange->secret));
	grpc_slice_unref(exchange->secret);
	grpc_slice_unref(exchange->details);
	grpc_metadata_array_destroy(&exchange->initial_metadata);
	grpc_metadata_array_destroy(&exchange->trailing_metadata);
	grpc_byte_buffer_destroy(exchange->request);
	grpc_byte_buffer_destroy(exchange->response);
	grpc_call_unref(exchange->call);
	grpc_completion_queue_destroy(exchange->queue);
}

/* The server knows the deadline too, and may be the first to give up. */
static bool is_too_late(const struct exchange *exchange)
{
	if (exchange->status == GRPC_STATUS_DEADLINE_EXCEEDED)
		return grpc_slice_str_cmp(exchange->details, "Deadline Exceeded") == 0;
	return exchange->status == GRPC_STATUS_CANCELLED &&
	       gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), exchange->deadline) >= 0;
}

/* The server's text is passed on as it is; gRPC's own gets the method and the server before it. */
static int explain(const struct exchange *exchange, struct error *err)
{
	enum error_code code = rpc_error_of_status(exchange->status);
	int length = (int)GRPC_SLICE_LENGTH(exchange->details);
	const char *text = (const char *)GRPC_SLICE_START_PTR(exchange->details);
	const char *name = rpc_channel_name(exchange->channel);
	if (is_too_late(exchange))
		return error_set(err, ERROR_TIMEOUT, "%s: no answer from %s within %u ms",
				 exchange->method, name, exchange->timeout_ms);
	if (code == ERROR_UNAVAILABLE)
		return error_set(err, code, "%s on %s: %.*s", exchange->method, name, length, text);
	return error_set(err, code, "%.*s", length, text);
}

static int unpack(const struct exchange *exchange, const ProtobufCMessageDescriptor *type,
		  ProtobufCMessage **ret_message, struct error *err)
{
	if (rpc_message_unpack(type, exchange->response, NULL, ret_message, err) == 0)
		return 0;
	/* Not the caller's request is wrong. The server has taken it: whether it had an effect is
	 * as little known as without an answer. */
	if (err)
		err->code = ERROR_UNAVAILABLE;
	return error_prefix(err, "%s: answer of %s", exchange->method,
			    rpc_channel_name(exchange->channel));
}

int rpc_channel_call(struct rpc_channel *channel, const char *service, const char *method,
		     const ProtobufCMessage *request, const ProtobufCMessageDescriptor *response,
		     uint32_t timeout_ms, ProtobufCMessage **ret_response, struct error *err)
{
	CLEANUP(exchange_done) struct exchange exchange;
	exchange_begin(&exchange, channel, service, method, timeout_ms);
	exchange_run(&exchange, request);
	if (exchange.status != GRPC_STATUS_OK)
		return explain(&exchange, err);
	if (!exchange.response)
		return error_set(err, ERROR_UNAVAILABLE, "%s: %s answered without a message",
				 method, rpc_channel_name(channel));
	return unpack(&exchange, response, ret_response, err);
}

/* 1: *ret_message is the next one. 0: there are no more, the status says why. */
static int next_message(struct exchange *exchange, const ProtobufCMessageDescriptor *type,
			ProtobufCMessage **ret_message, struct error *err)
{
	grpc_op op = recv_message(exchange);
	grpc_byte_buffer_destroy(TAKE(exchange->response));
	if (!start(exchange, &op, 1, &exchange->response))
		return 0;
	await(exchange, &exchange->response);
	if (!exchange->response)
		return 0;
	return unpack(exchange, type, ret_message, err) < 0 ? -1 : 1;
}

/* 0: all messages were seen. Otherwise what ended it sooner: the visitor's word, or -1. */
static int visit_messages(struct exchange *exchange, const struct rpc_channel_reader *reader,
			  struct error *err)
{
	ProtobufCMessage *message;
	int result;
	while ((result = next_message(exchange, reader->type, &message, err)) > 0) {
		int word = reader->visit(reader->context, message, err);
		protobuf_c_message_free_unpacked(message, NULL);
		if (word != 0)
			return word;
	}
	return result;
}

int rpc_channel_stream(struct rpc_channel *channel, const char *service, const char *method,
		       const ProtobufCMessage *request, const struct rpc_channel_reader *reader,
		       uint32_t timeout_ms, struct error *err)
{
	CLEANUP(exchange_done) struct exchange exchange;
	exchange_begin(&exchange, channel, service, method, timeout_ms);
	grpc_op op = recv_status(&exchange);
	if (!exchange_open(&exchange, request) || !start(&exchange, &op, 1, &exchange.status))
		return explain(&exchange, err);
	int result = visit_messages(&exchange, reader, err);
	if (result != 0)
		grpc_call_cancel(exchange.call, NULL);
	await(&exchange, &exchange.status);
	if (result != 0)
		return result;
	return exchange.status == GRPC_STATUS_OK ? 0 : explain(&exchange, err);
}
