/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A method of a server: its names, the types of its messages, and the function that serves its
 * calls. A server has a table of them (rpc/server_options.h).
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "rpc/handler.h"

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
