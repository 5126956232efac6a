/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The TCP port of a server: which clients reach gRPC, and how many.
 *
 * gRPC's own listener is not made for a port that unauthenticated clients reach: it allocates 25 KB
 * for each connection before the first byte, and once it runs out of descriptors it never accepts
 * again (CVE-2023-4785). So one thread accepts, does the TLS handshakes (rpc/tls_context.h) and
 * copies bytes (rpc/tunnel.h); gRPC sees a client after its certificate has been checked, as a unix
 * socket. docs/decisions/0019.
 *
 * What unauthenticated clients can take is bounded: the connections without a finished handshake,
 * the handshakes at once, the seconds for one. Where a bound is reached, the peer that has the most
 * connections loses its oldest (base/crowd.h). Accepting goes on without free descriptors
 * (rpc/entrance.h).
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct rpc_door;
struct rpc_tls;

struct rpc_door_options {
	const char *address; /* base/listen.h */
	struct rpc_tls *tls; /* borrowed */
	const char *peer_name;
	/* In the door's thread; takes the socket, on which plain HTTP/2 is spoken. */
	void (*admitted)(void *context, int fd);
	void *context;
};

/* Listens; accepts after the start. ret_port may be NULL. */
int rpc_door_new(const struct rpc_door_options *options, struct rpc_door **ret_door,
		 uint16_t *ret_port, struct error *err);
int rpc_door_start(struct rpc_door *door, struct error *err);

/* Connects to the port as a client does and begins a TLS handshake, up to the point where we would
 * present a certificate: 0 if a client gets that far within the time. */
int rpc_door_dial(struct rpc_door *door, unsigned timeout_ms, struct error *err);

/* admitted() is not called any more. */
void rpc_door_close(struct rpc_door *door);

/* Gives what gRPC has sent a moment to go out, then ends all connections. */
void rpc_door_free(struct rpc_door *door);

DEFINE_CLEANUP(struct rpc_door *, rpc_door_free);
