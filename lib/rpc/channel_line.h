/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a call needs of its channel: channel.c keeps the connection, channel_call.c makes calls.
 */

#include <grpc/grpc.h>

struct rpc_channel;

/* For errors: the socket's path, or the address. */
const char *rpc_channel_name(const struct rpc_channel *channel);

/* A call that has not sent anything yet, over a connection that may have to be made. */
grpc_call *rpc_channel_begin(struct rpc_channel *channel, grpc_completion_queue *queue,
			     const char *path, gpr_timespec deadline);
