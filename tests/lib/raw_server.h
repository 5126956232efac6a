/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An HTTP server of which the test writes every byte, so that it can be as wrong as it likes.
 *
 * Each connection has a thread. It reads one request after the other and lets the test answer; a
 * handler that returns false closes the connection.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct raw_server;
struct raw_connection;

struct raw_request {
	char head[8192]; /* "GET /path HTTP/1.1\r\nHost: …", terminated */
	char *body;
	size_t body_length;
};

typedef bool raw_handler(void *context, struct raw_connection *connection,
			 const struct raw_request *request);

/* On a free port of 127.0.0.1. tls_folder: ca.crt, tls.crt, tls.key, and clients must present a
 * certificate of that CA; NULL: plain. */
struct raw_server *raw_server_new(const char *tls_folder, raw_handler *handler, void *context);
void raw_server_free(struct raw_server *server);

/* "http://127.0.0.1:34567". Borrowed. */
const char *raw_server_url(const struct raw_server *server);
unsigned raw_server_connections(struct raw_server *server); /* so far */

/* False when the client is gone. */
bool raw_write(struct raw_connection *connection, const void *data, size_t length);
__attribute__((format(printf, 2, 3))) bool raw_printf(struct raw_connection *connection,
						      const char *format, ...);

/* A whole answer with a Content-Length. */
bool raw_answer(struct raw_connection *connection, int status, const char *body);

/* One chunk of a chunked body; an empty one ends it. */
bool raw_chunk(struct raw_connection *connection, const void *data, size_t length);

/* The client has closed its side, or does within the time. */
bool raw_wait_closed(struct raw_connection *connection, uint32_t timeout_ms);

DEFINE_CLEANUP(struct raw_server *, raw_server_free);
