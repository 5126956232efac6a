/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTPS requests over libcurl.
 *
 * One thread drives one curl multi handle, so that all requests and streams of a program share a
 * connection (HTTP/2). The caller blocks until the answer is there; a stream hands over the body
 * line by line while it arrives. Any number of threads may send requests at once. SIGPIPE must be
 * ignored (base/stop.h does). Redirects are not followed and proxies are not used.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "http/request.h"

struct http_client;
struct http_stream;

struct http_client_options {
	const char *base_url;	      /* "https://10.96.0.1:443" */
	const char *user_agent;	      /* "kentledge-provisioner/0.1.0" */
	const char *ca_file;	      /* read again at each connection; NULL: the system's */
	const char *certificate_file; /* client certificate, or NULL */
	const char *key_file;
	const char *token_file; /* bearer token, read again when it changes; or NULL */
	const char *token;	/* bearer token given as text; or NULL */

	/* The same three as text instead of files, or NULL. */
	const char *ca_pem;
	const char *certificate_pem;
	const char *key_pem;
};

struct http_response {
	int status;
	char *body; /* terminated; never NULL after success */
	size_t body_length;
	uint32_t retry_after_s; /* of a Retry-After header, else 0 */
	bool secret;		/* as in the request: http_response_done() wipes the body */
};

int http_client_new(const struct http_client_options *options, struct http_client **ret_client,
		    struct error *err);
void http_client_free(struct http_client *client);

/* Any status counts as an answer; -1 means that there was none. ERROR_UNAVAILABLE: nothing was
 * changed, for the request was not sent, or is a GET whose connection broke. ERROR_TIMEOUT: it was
 * sent, and the answer did not come in time, or (of what is no GET) the connection broke; it may
 * have had its effect. ERROR_CANCELLED: after http_client_stop(). ERROR_EXHAUSTED: the answer is
 * larger than body_max. ERROR_INVALID: a certificate, key or token of ours cannot be used. */
int http_client_request(struct http_client *client, const struct http_request *request,
			struct http_response *ret_response, struct error *err);
void http_response_done(struct http_response *response);

/* Opens a stream and waits for its status. If that is not 200 the body is in *ret_response and
 * *ret_stream is NULL. */
int http_client_open(struct http_client *client, const struct http_request *request,
		     struct http_stream **ret_stream, struct http_response *ret_response,
		     struct error *err);

/* The next line without its newline: 0 and *ret_line (yours, terminated), or 1 at the end of the
 * stream, or -1 (also when the stream ends in the middle of a line). The stream holds back the
 * server when the reader is slow; a line may be as long as HTTP_LINE_MAX. One reader at a time. */
int http_stream_read_line(struct http_stream *stream, char **ret_line, size_t *ret_length,
			  struct error *err);
void http_stream_close(struct http_stream *stream); /* before the client is freed */

/* Ends every request and stream with ERROR_CANCELLED, now and from now on: for shutting down. */
void http_client_stop(struct http_client *client);

DEFINE_CLEANUP(struct http_client *, http_client_free);
DEFINE_CLEANUP(struct http_stream *, http_stream_close);
