/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A unix socket at a path, and the thread that accepts on it.
 *
 * gRPC's own bind would take the path from a server that is alive; ours does not. The socket is
 * bound under ".<name>" beside the path with mode 0600 and renamed when it listens, so a client
 * that finds the path can connect. It is removed at the end unless another process has taken the
 * path.
 */

#include "base/cleanup.h"
#include "base/error.h"

struct rpc_listener;

/* ERROR_IN_USE if another process accepts connections there. The folder must exist. */
int rpc_listener_new(const char *path, struct rpc_listener **ret_listener, struct error *err);

/* Gives each accepted connection (non-blocking) to accepted(), in the listener's thread. */
int rpc_listener_start(struct rpc_listener *listener, void (*accepted)(void *context, int fd),
		       void *context, struct error *err);

/* Ends the thread, removes the socket. */
void rpc_listener_free(struct rpc_listener *listener);

DEFINE_CLEANUP(struct rpc_listener *, rpc_listener_free);
