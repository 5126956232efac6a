/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One call on the server's side, and the way it goes:
 *
 *	requested --> refused ----------------------------> answered --> over
 *	          --> received --> waiting --> served ---->
 *
 * gRPC reports each step by a tag (rpc/tag.h). Only "served" runs in a worker, and a stream
 * (rpc/stream.h) sends its messages there. Beside them one tag reports that the client is gone or
 * has its answer. A call is over when both have happened; then its slot asks gRPC for the next
 * call, so the number of slots bounds what is held in memory.
 */

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "rpc/server_options.h"
#include "rpc/tag.h"

struct rpc_workers;

/* What a call needs of its server. A server has one for callers on this node and one for those
 * across the network, each with a gRPC server of its own: so a call's origin is known by where it
 * came in. */
struct rpc_host {
	struct rpc_server_options options;
	grpc_server *server;
	grpc_completion_queue *queue;
	struct rpc_workers *workers;
	char *remote_name; /* of all its callers; NULL: they are local */
	atomic_bool stopping;

	pthread_mutex_t lock;
	pthread_cond_t changed; /* when one of these has */
	unsigned slots;
	bool shut_down; /* by gRPC's word; handlers may still run */
	struct rpc_tag shutting_down;
};

/* A slot: asks for a call, serves it, asks for the next, until the server stops. */
void rpc_call_open_slot(struct rpc_host *host);
