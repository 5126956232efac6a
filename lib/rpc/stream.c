/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/stream.h"

#include <assert.h>
#include <errno.h>

#include "base/clock.h"
#include "rpc/handler.h"
#include "rpc/message.h"

static void when_taken(struct rpc_tag *tag, bool ok)
{
	struct rpc_stream *stream =
		(struct rpc_stream *)(void *)((char *)tag - offsetof(struct rpc_stream, taken));
	pthread_mutex_lock(&stream->lock);
	stream->under_way = false;
	stream->broken = stream->broken || !ok;
	pthread_cond_signal(&stream->changed);
	pthread_mutex_unlock(&stream->lock);
}

void rpc_stream_init(struct rpc_stream *stream, grpc_call *handle,
		     const ProtobufCMessageDescriptor *type)
{
	*stream =
		(struct rpc_stream) { .handle = handle, .type = type, .taken.reached = when_taken };
	pthread_mutex_init(&stream->lock, NULL);
	pthread_cond_init(&stream->changed, NULL);
}

/* With the lock held. False if it is still under way after the time. */
static bool wait_until_taken(struct rpc_stream *stream, uint64_t patience_ms)
{
	struct timespec deadline = clock_deadline(clock_monotonic_ms() + patience_ms);
	int result = 0;
	while (stream->under_way && result != ETIMEDOUT)
		result = pthread_cond_clockwait(&stream->changed, &stream->lock, CLOCK_MONOTONIC,
						&deadline);
	return !stream->under_way;
}

/* A client that stays connected and takes nothing would keep the worker without end. */
static void give_up(struct rpc_stream *stream)
{
	grpc_call_cancel_with_status(stream->handle, GRPC_STATUS_DEADLINE_EXCEEDED,
				     "the client takes no messages", NULL);
}

/* Ready for the next message. */
static int wait_for_room(struct rpc_stream *stream, struct error *err)
{
	pthread_mutex_lock(&stream->lock);
	bool taken = wait_until_taken(stream, RPC_STREAM_PATIENCE_MS);
	bool broken = stream->broken;
	pthread_mutex_unlock(&stream->lock);
	if (!taken) {
		give_up(stream);
		return error_set(err, ERROR_TIMEOUT, "the client has taken no message for %d s",
				 RPC_STREAM_PATIENCE_MS / 1000);
	}
	if (broken || stream->cancelled(stream->context))
		return error_set(err, ERROR_CANCELLED,
				 "the client cancelled the call, or its deadline is past");
	return 0;
}

static void start(struct rpc_stream *stream, grpc_byte_buffer *message)
{
	grpc_op ops[2] = { 0 };
	size_t count = 0;
	if (!stream->begun)
		ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
	ops[count].op = GRPC_OP_SEND_MESSAGE;
	ops[count++].data.send_message.send_message = message;
	stream->begun = true;
	rpc_wire_sent();
	rpc_tag_sent(&stream->taken);
	if (grpc_call_start_batch(stream->handle, ops, count, &stream->taken, NULL) != GRPC_CALL_OK)
		when_taken(&stream->taken, false);
}

int rpc_stream_send(struct rpc_stream *stream, const ProtobufCMessage *message, struct error *err)
{
	assert(message->descriptor == stream->type);
	if (wait_for_room(stream, err) < 0)
		return -1;
	grpc_byte_buffer *buffer = rpc_message_pack(message);
	pthread_mutex_lock(&stream->lock);
	stream->under_way = true;
	pthread_mutex_unlock(&stream->lock);
	start(stream, buffer);
	grpc_byte_buffer_destroy(buffer);
	return 0;
}

void rpc_stream_done(struct rpc_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	if (!wait_until_taken(stream, RPC_STREAM_PATIENCE_MS)) {
		give_up(stream);
		/* Its tag is in the stream, and comes soon now: a cancelled call takes nothing. */
		while (stream->under_way)
			pthread_cond_wait(&stream->changed, &stream->lock);
	}
	pthread_mutex_unlock(&stream->lock);
	pthread_cond_destroy(&stream->changed);
	pthread_mutex_destroy(&stream->lock);
}
