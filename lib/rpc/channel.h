/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The client's end: a channel to one server, over which calls are made (rpc/channel_call.h).
 * Channels connect on the first call, connect again by themselves, and may be used by many threads
 * at once.
 */

#include "base/cleanup.h"
#include "base/error.h"

struct rpc_channel;
struct rpc_tls;

int rpc_channel_new_unix(const char *path, struct rpc_channel **ret_channel, struct error *err);

/* address: "10.0.0.7:9745". The server must present a certificate of tls' CA for server_name. */
int rpc_channel_new_tls(const char *address, struct rpc_tls *tls, const char *server_name,
			struct rpc_channel **ret_channel, struct error *err);
void rpc_channel_free(struct rpc_channel *channel);

DEFINE_CLEANUP(struct rpc_channel *, rpc_channel_free);
