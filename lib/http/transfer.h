/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One request on its way, with libcurl's handle for it.
 *
 * The asking thread makes it and hands it to the client's loop; from then on only the loop touches
 * the handle, until the transfer is `ended`. What both look at stands under the client's lock.
 */

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "http/request.h"

/* What a slow reader of a stream leaves unread before the server is held back. */
#define TRANSFER_HOLD_BYTES (256u << 10)

struct transfer {
	struct transfer *prev; /* in one of the client's lists */
	struct transfer *next;
	CURL *easy;
	struct curl_slist *headers;
	char curl_text[CURL_ERROR_SIZE];
	bool is_stream;
	bool has_effect; /* it is no GET */
	size_t body_max;
	uint32_t silence_ms;

	uint64_t begun_ms;

	pthread_mutex_t *lock;	   /* the client's; guards the rest */
	uint64_t *server_heard_ms; /* the client's: of any of its transfers */
	pthread_cond_t changed;
	struct text body;
	size_t read_bytes; /* of the body, by the stream's reader */
	size_t lines;	   /* whole ones in the rest */
	int status;
	uint32_t retry_after_s;
	uint64_t heard_ms;
	bool opened;	/* a stream whose status is 200 */
	bool paused;	/* held back */
	bool resume;	/* the reader asks to go on */
	bool closing;	/* the reader is gone */
	bool too_large; /* the body exceeds its bound */
	bool ended;
	bool failed; /* …and `error` says why */
	struct error error;
};

struct transfer *transfer_new(pthread_mutex_t *lock, uint64_t *server_heard_ms, bool is_stream,
			      const struct http_request *request);
void transfer_free(struct transfer *transfer);

/* Adds a header; wipes nothing. */
void transfer_add_header(struct transfer *transfer, const char *line);

/* Why libcurl ended it, as an error. Under the lock. */
void transfer_fail(struct transfer *transfer, CURLcode code);

/* The next whole line of the body, yours; 1 if there is none. Under the lock. */
int transfer_take_line(struct transfer *transfer, char **ret_line, size_t *ret_length);

DEFINE_CLEANUP(struct transfer *, transfer_free);
