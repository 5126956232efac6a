/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Blocking calls over a channel (rpc/channel.h).
 */

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "base/error.h"

struct rpc_channel;

/* Calls and waits. No answer within timeout_ms: ERROR_TIMEOUT; server not reached:
 * ERROR_UNAVAILABLE; another status: its code by rpc/status.h and its text. The response is freed
 * with protobuf_c_message_free_unpacked(…, NULL). */
int rpc_channel_call(struct rpc_channel *channel, const char *service, const char *method,
		     const ProtobufCMessage *request, const ProtobufCMessageDescriptor *response,
		     uint32_t timeout_ms, ProtobufCMessage **ret_response, struct error *err);

/* Of a call that answers with many messages: sees one after the other, borrowed. 0: go on. Anything
 * else ends the call and is what rpc_channel_stream() returns. While it runs, the server waits. */
struct rpc_channel_reader {
	const ProtobufCMessageDescriptor *type;
	int (*visit)(void *context, const ProtobufCMessage *message, struct error *err);
	void *context;
};

/* Returns 0 when all messages were seen and the server's status was good; errors are those of
 * rpc_channel_call(), and may come after messages. */
int rpc_channel_stream(struct rpc_channel *channel, const char *service, const char *method,
		       const ProtobufCMessage *request, const struct rpc_channel_reader *reader,
		       uint32_t timeout_ms, struct error *err);
