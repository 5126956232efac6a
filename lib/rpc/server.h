/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A gRPC server whose messages are protobuf-c structs. A call is answered with one message, or with
 * a stream of them, one behind the other.
 *
 * A table names each method with its request and response types and the function that serves it.
 * One thread moves gRPC's completion tags; a few workers run the handlers, which may block. The
 * lane of a method says which of them: some are kept for quick calls, so that these are served
 * whatever the others do. When too many calls wait, further ones are answered UNAVAILABLE. A
 * handler sees valid requests only: whole, strings in UTF-8 (RFC 3629) without NUL, and of two map
 * entries with the same key the last one. What is not so is answered INVALID_ARGUMENT and named by
 * field. A request lives in the call's arena and is gone when the handler has returned; one that
 * can hold secrets is wiped from memory then, before the call is answered. What the table does not
 * name is answered UNIMPLEMENTED; an error that a handler returns becomes a status by rpc/status.h.
 *
 * A call may come over a unix socket, whose peer is known by SO_PEERCRED, or over TCP with mutual
 * TLS, whose peer is known by the DNS name in its certificate.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

struct arena;
struct rpc_call;
struct rpc_server;
struct rpc_stream;
struct rpc_tls;

/* Serves one call: reads the request, fills the response (already initialised, in the arena).
 * Returns 0, or -1 with *err. */
typedef int rpc_handler(struct rpc_call *call, const void *request, void *response,
			struct error *err);

/* Serves one call with any number of messages, rpc_stream_send(). The stream ends when it returns:
 * 0, or -1 with *err, whatever was sent before. */
typedef int rpc_stream_handler(struct rpc_call *call, const void *request,
			       struct rpc_stream *stream, struct error *err);

/* How long a method's calls may take, which decides on the workers they get (rpc/workers.h). */
enum rpc_lane {
	RPC_LANE_ORDINARY,
	RPC_LANE_QUICK, /* never waits for a call of the other lanes */
	RPC_LANE_LONG,	/* as long as the client likes: a few at once */
	RPC_LANES,
};

struct rpc_method {
	const char *service; /* "csi.v1.Controller" */
	const char *name;    /* "CreateVolume" */
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *response; /* of a stream: each of its messages */
	rpc_handler *handler;
	rpc_stream_handler *stream_handler; /* instead of handler */
	bool local_only; /* over the unix socket alone: TCP callers get PERMISSION_DENIED */
	enum rpc_lane lane;
};

/* A row of the table; refuses to compile where the handler does not fit the types. Use with the
 * generated names: RPC_METHOD("csi.v1.Node", NodeGetInfo, Csi__V1__NodeGetInfoRequest,
 * csi__v1__node_get_info_request__descriptor, …, node_get_info, true). */
#define RPC_METHOD(service_name, method, req, req_descriptor, rsp, rsp_descriptor, fn, local)      \
	RPC_METHOD_IN(RPC_LANE_ORDINARY, service_name, method, req, req_descriptor, rsp,           \
		      rsp_descriptor, fn, local)

/* The same in another lane. */
#define RPC_METHOD_IN(lane_number, service_name, method, req, req_descriptor, rsp, rsp_descriptor, \
		      fn, local)                                                                   \
	{                                                                                          \
		.lane = (lane_number), .service = (service_name), .name = #method,                 \
		.request = &(req_descriptor), .response = &(rsp_descriptor),                       \
		.local_only = (local),                                                             \
		.handler = (rpc_handler *)(void *)(1 ? (fn)                                        \
						     : (int (*)(struct rpc_call *, const req *,    \
								rsp *, struct error *))0),         \
	}

/* A stream lasts as long as its client takes messages. */
#define RPC_STREAM(service_name, method, req, req_descriptor, rsp_descriptor, fn, local)           \
	{                                                                                          \
		.lane = RPC_LANE_LONG, .service = (service_name), .name = #method,                 \
		.request = &(req_descriptor), .response = &(rsp_descriptor),                       \
		.local_only = (local),                                                             \
		.stream_handler = (rpc_stream_handler *)(void *)(1 ? (fn)                          \
								   : (int (*)(struct rpc_call *,   \
									      const req *,         \
									      struct rpc_stream *, \
									      struct error *))0),  \
	}

struct rpc_server_options {
	const struct rpc_method *methods; /* borrowed, outlives the server */
	size_t method_count;
	void *context;		  /* rpc_call_context() */
	unsigned workers;	  /* a quarter, at least one, is kept for quick calls */
	size_t message_bytes_max; /* 0: gRPC's own 4 MiB; larger ones get RESOURCE_EXHAUSTED */

	/* After each call of the table, before the answer, in its worker or, where the call was
	 * refused since too many wait, in the poller; may be NULL. The time counts from the
	 * arrival, waiting for a worker included. */
	void (*observe)(void *context, const struct rpc_method *method, enum error_code code,
			uint64_t duration_us);
};

int rpc_server_new(const struct rpc_server_options *options, struct rpc_server **ret_server,
		   struct error *err);

/* For root and for processes of our own user, mode 0600. A stale socket of a dead process is
 * replaced; a live one is left alone: ERROR_IN_USE. The folder must exist. Before start. */
int rpc_server_listen_unix(struct rpc_server *server, const char *path, struct error *err);

/* address: "0.0.0.0:9745", "[::]:9745". Callers must present a certificate of tls' CA that has
 * peer_name among its DNS names; without it a connection ends in its handshake, before gRPC sees it
 * (rpc/door.h). Certificates are read again when their files change; tls is borrowed until the
 * server is freed. One such address a server, before start. ret_port may be NULL. */
int rpc_server_listen_tls(struct rpc_server *server, const char *address, struct rpc_tls *tls,
			  const char *peer_name, uint16_t *ret_port, struct error *err);

int rpc_server_start(struct rpc_server *server, struct error *err);

/* Whether the TCP port serves, found out by a TLS handshake with it; 0 also if there is none. Takes
 * timeout_ms at most. */
int rpc_server_dial_tls(struct rpc_server *server, unsigned timeout_ms, struct error *err);

/* Takes no new calls, waits grace_ms for those under way, cancels the rest, and waits until their
 * handlers have seen it and returned (rpc_call_cancelled()). */
void rpc_server_stop(struct rpc_server *server, unsigned grace_ms);
void rpc_server_free(struct rpc_server *server);

/* For handlers. */
void *rpc_call_context(const struct rpc_call *call);
struct arena *rpc_call_arena(struct rpc_call *call);
ProtobufCAllocator *rpc_call_allocator(struct rpc_call *call); /* over the arena */
bool rpc_call_cancelled(const struct rpc_call *call);	       /* client gone, or deadline past */
const char *
rpc_call_peer(const struct rpc_call *call); /* "uid=0 pid=17" or "kentledge-provisioner" */

/* Sends the next message of a stream. Waits until gRPC has found room for the one before: while the
 * client is slow the handler stands still, and at most one message waits. -1 when nobody waits for
 * more: ERROR_CANCELLED (client gone, deadline past, server stopping), or ERROR_TIMEOUT if the
 * client has taken nothing for RPC_STREAM_PATIENCE_MS. The message may be reused at once. */
int rpc_stream_send(struct rpc_stream *stream, const ProtobufCMessage *message, struct error *err);
#define RPC_STREAM_PATIENCE_MS 60000

DEFINE_CLEANUP(struct rpc_server *, rpc_server_free);
