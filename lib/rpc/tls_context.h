/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The server's side of TLS, with OpenSSL: TLS 1.2 or 1.3, both sides with a certificate, HTTP/2
 * only, no session that would outlive a certificate, no renegotiation. A client needs a certificate
 * of the CA that has one certain DNS name.
 *
 * The files of struct rpc_tls are looked at before each handshake, so a new connection uses what is
 * there. Used by one thread.
 */

#include <openssl/ssl.h>

#include "base/cleanup.h"
#include "base/error.h"

struct rpc_tls;
struct rpc_tls_context;

/* tls is borrowed. */
int rpc_tls_context_new(struct rpc_tls *tls, const char *peer_name,
			struct rpc_tls_context **ret_context, struct error *err);
void rpc_tls_context_free(struct rpc_tls_context *context);

/* The server's side of a connection on this socket, before its handshake; NULL: no memory. */
SSL *rpc_tls_context_open(struct rpc_tls_context *context, int fd);

/* After the handshake: whether HTTP/2 was agreed on and the certificate has the name. */
int rpc_tls_context_check(const struct rpc_tls_context *context, SSL *ssl, struct error *err);

/* Why the last operation on `ssl` failed. Empties OpenSSL's queue of errors. */
void rpc_tls_explain(const SSL *ssl, struct error *err);

DEFINE_CLEANUP(struct rpc_tls_context *, rpc_tls_context_free);
