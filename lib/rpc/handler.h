/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A handler: the function that serves the calls of one method (rpc/method.h), and what it may ask
 * of the call that it serves.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/error.h"

struct arena;
struct rpc_call;
struct rpc_stream;

/* Serves one call: reads the request, fills the response (already initialised, in the arena).
 * Returns 0, or -1 with *err. */
typedef int rpc_handler(struct rpc_call *call, const void *request, void *response,
			struct error *err);

/* Serves one call with any number of messages, rpc_stream_send(). The stream ends when it returns:
 * 0, or -1 with *err, whatever was sent before. */
typedef int rpc_stream_handler(struct rpc_call *call, const void *request,
			       struct rpc_stream *stream, struct error *err);

void *rpc_call_context(const struct rpc_call *call);
struct arena *rpc_call_arena(struct rpc_call *call);
ProtobufCAllocator *rpc_call_allocator(struct rpc_call *call); /* over the arena */
bool rpc_call_cancelled(const struct rpc_call *call);	       /* client gone, or deadline past */
const char *
rpc_call_peer(const struct rpc_call *call); /* "uid=0 pid=17" or "kentledge-provisioner" */

/* Sends the next message of a stream. Waits until gRPC has room for the one before: while the
 * client is slow the handler blocks, and at most one message waits. -1 when the client takes no
 * more: ERROR_CANCELLED (client gone, deadline past, server stopping), or ERROR_TIMEOUT if the
 * client has taken nothing for RPC_STREAM_PATIENCE_MS. The message may be reused at once. */
int rpc_stream_send(struct rpc_stream *stream, const ProtobufCMessage *message, struct error *err);
#define RPC_STREAM_PATIENCE_MS 60000
