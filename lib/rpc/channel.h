/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The client's end: a channel to one server, and blocking calls over it. Channels connect
 * on the first call, connect again by themselves, and may be used by many threads at once.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct rpc_channel;
struct rpc_tls;

int rpc_channel_new_unix(const char *path, struct rpc_channel **ret_channel, struct error *err);

/* address: "10.0.0.7:9745". The server must present a certificate of tls' CA for server_name. */
int rpc_channel_new_tls(const char *address, struct rpc_tls *tls, const char *server_name,
			struct rpc_channel **ret_channel, struct error *err);
void rpc_channel_free(struct rpc_channel *channel);

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

DEFINE_CLEANUP(struct rpc_channel *, rpc_channel_free);
