/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The messages of a call that answers with many, on their way to the client.
 *
 * One message is under way at a time: gRPC takes it when the client has room for it, and its tag
 * then wakes the handler. So a slow client holds up its own handler and nothing else, and memory
 * stays at one message. The worker is taken for as long as the stream lasts.
 */

#include <grpc/grpc.h>
#include <protobuf-c/protobuf-c.h>
#include <pthread.h>
#include <stdbool.h>

#include "rpc/tag.h"

/* Whether the call that the stream answers has been cancelled. */
typedef bool rpc_stream_cancelled(const void *context);

struct rpc_stream {
	rpc_stream_cancelled *cancelled;
	const void *context;
	grpc_call *handle;
	const ProtobufCMessageDescriptor *type;
	bool begun; /* something was sent */
	struct rpc_tag taken;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool under_way;
	bool broken; /* gRPC's word: the client does not get more */
};

/* In the worker that serves the call. The caller then sets `cancelled` and `context`. */
void rpc_stream_init(struct rpc_stream *stream, grpc_call *handle,
		     const ProtobufCMessageDescriptor *type);

/* Waits for the last message, so that the status can follow. */
void rpc_stream_done(struct rpc_stream *stream);
