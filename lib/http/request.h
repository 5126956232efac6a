/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a program asks of an HTTP server, and how much of an answer it takes. The client sends
 * requests (http/client.h), and each one on its way is a transfer (http/transfer.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_BODY_MAX (64u << 20)
#define HTTP_LINE_MAX (16u << 20) /* of a stream */

struct http_request {
	const char *method; /* "GET" */
	const char *path;   /* "/api/v1/nodes?limit=500" */
	const char *content_type;
	const char *body; /* or NULL */
	size_t body_length;
	uint32_t timeout_ms; /* of the whole request; for a stream: of its silence */
	uint32_t body_max;   /* of the answer; 0: HTTP_BODY_MAX */
	bool secret;	     /* no copy of the answer stays in our memory */
};
