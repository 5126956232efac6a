/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A gRPC server whose messages are protobuf-c structs. A call is answered with one message, or with
 * a stream of them, one behind the other.
 *
 * A table names each method with its request and response types and the function that serves it.
 * One thread reads gRPC's completion queue; a few workers run the handlers, which may block. The
 * lane of a method says which of them: some are reserved for quick calls, so that these are served
 * whatever the others do. When too many calls wait, further ones are answered UNAVAILABLE. A
 * handler sees valid requests only: whole, strings in UTF-8 (RFC 3629) without NUL, and of two map
 * entries with the same key the last one. Any other request is answered INVALID_ARGUMENT, which
 * names the field. A request lives in the call's arena and is gone when the handler has returned;
 * one that can hold secrets is wiped from memory then, before the call is answered. What the table
 * does not name is answered UNIMPLEMENTED; an error that a handler returns becomes a status by
 * rpc/status.h.
 *
 * A call may come over a unix socket, whose peer is known by SO_PEERCRED, or over TCP with mutual
 * TLS, whose peer is known by the DNS name in its certificate.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "rpc/server_options.h"

struct rpc_server;
struct rpc_tls;

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

DEFINE_CLEANUP(struct rpc_server *, rpc_server_free);
