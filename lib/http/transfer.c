/* SPDX-License-Identifier: Apache-2.0 */
#include "http/transfer.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define CONNECT_TIMEOUT_MS 10000L
#define BUFFER_BYTES (16L << 10)

/* A buffer that a burst has blown up is given back when it has been read. */
#define BODY_KEEP_BYTES (64u << 10)

static size_t unread_bytes(const struct transfer *transfer)
{
	return transfer->body.length - transfer->read_bytes;
}

static size_t count_lines(const char *data, size_t length)
{
	size_t count = 0;
	const char *end = data + length;
	while ((data = memchr(data, '\n', (size_t)(end - data)))) {
		count++;
		data++;
	}
	return count;
}

/* Under the lock. Returns what libcurl wants of a write callback. */
static size_t take_body(struct transfer *transfer, const char *data, size_t length)
{
	size_t limit = transfer->opened ? HTTP_LINE_MAX : transfer->body_max;
	if (transfer->opened && transfer->lines && unread_bytes(transfer) >= TRANSFER_HOLD_BYTES) {
		transfer->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (!transfer->lines && unread_bytes(transfer) + length > limit) {
		transfer->too_large = true;
		return 0; /* ends the transfer with CURLE_WRITE_ERROR */
	}
	text_append(&transfer->body, data, length);
	if (transfer->opened)
		transfer->lines += count_lines(data, length);
	return length;
}

/* Under the lock. */
static void note_heard(struct transfer *transfer)
{
	transfer->heard_ms = *transfer->server_heard_ms = clock_monotonic_ms();
}

static size_t on_body(char *data, size_t unit, size_t length, void *context)
{
	struct transfer *transfer = context;
	(void)unit; /* always 1: curl_easy_setopt(3), CURLOPT_WRITEFUNCTION */
	pthread_mutex_lock(transfer->lock);
	note_heard(transfer);
	size_t taken = take_body(transfer, data, length);
	/* The data lies in libcurl's buffer, which is done with it. */
	if (transfer->body.secret)
		explicit_bzero(data, length);
	pthread_cond_broadcast(&transfer->changed);
	pthread_mutex_unlock(transfer->lock);
	return taken;
}

static bool header_is(const char *line, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	return length > name_length && strncasecmp(line, name, name_length) == 0 &&
	       line[name_length] == ':';
}

/* Seconds only: Kubernetes sends no dates. */
static uint32_t retry_after_of(const char *line, size_t length)
{
	uint32_t seconds = 0;
	size_t i = strlen("retry-after:");
	while (i < length && line[i] == ' ')
		i++;
	for (; i < length && line[i] >= '0' && line[i] <= '9' && seconds < 100000; i++)
		seconds = seconds * 10 + (uint32_t)(line[i] - '0');
	return seconds;
}

/* Under the lock. The head of an interim answer (1xx) is followed by another. */
static void take_header(struct transfer *transfer, const char *line, size_t length)
{
	if (header_is(line, length, "retry-after"))
		transfer->retry_after_s = retry_after_of(line, length);
	if (length > 2 || (length && line[0] != '\r' && line[0] != '\n'))
		return;
	long status = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return;
	transfer->status = (int)status;
	transfer->opened = transfer->is_stream && status == 200;
}

static size_t on_header(char *line, size_t unit, size_t length, void *context)
{
	struct transfer *transfer = context;
	(void)unit;
	pthread_mutex_lock(transfer->lock);
	note_heard(transfer);
	take_header(transfer, line, length);
	pthread_cond_broadcast(&transfer->changed);
	pthread_mutex_unlock(transfer->lock);
	return length;
}

static void set_method(CURL *easy, const struct http_request *request)
{
	if (request->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)request->body_length);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
	}
	if (request->body || strcmp(request->method, "GET") != 0)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_times(CURL *easy, bool is_stream, uint32_t timeout_ms)
{
	long connect_ms = CONNECT_TIMEOUT_MS;
	if (timeout_ms && timeout_ms < connect_ms)
		connect_ms = (long)timeout_ms;
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	if (!is_stream)
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
}

static void set_headers(struct transfer *transfer, const struct http_request *request)
{
	transfer_add_header(transfer, "Accept: application/json");
	/* Waiting for 100-continue would cost a round trip for each larger body. */
	transfer_add_header(transfer, "Expect:");
	if (!request->content_type)
		return;
	CLEANUP_FREE char *line = must_printf("Content-Type: %s", request->content_type);
	transfer_add_header(transfer, line);
}

struct transfer *transfer_new(pthread_mutex_t *lock, uint64_t *server_heard_ms, bool is_stream,
			      const struct http_request *request)
{
	struct transfer *transfer = must_alloc(sizeof(*transfer));
	transfer->lock = lock;
	transfer->server_heard_ms = server_heard_ms;
	pthread_cond_init(&transfer->changed, NULL);
	transfer->is_stream = is_stream;
	transfer->body_max = request->body_max ? request->body_max : HTTP_BODY_MAX;
	transfer->body.secret = request->secret && !is_stream;
	transfer->has_effect = strcmp(request->method, "GET") != 0;
	transfer->silence_ms = is_stream ? request->timeout_ms : 0;
	transfer->begun_ms = transfer->heard_ms = clock_monotonic_ms();
	transfer->easy = curl_easy_init();
	if (!transfer->easy)
		abort(); /* as when memory is out: base/text.h */
	CURL *easy = transfer->easy;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_text);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	set_method(easy, request);
	set_times(easy, is_stream, request->timeout_ms);
	set_headers(transfer, request);
	return transfer;
}

void transfer_free(struct transfer *transfer)
{
	if (!transfer)
		return;
	curl_easy_cleanup(transfer->easy);
	for (struct curl_slist *header = transfer->headers; header; header = header->next)
		explicit_bzero(header->data, strlen(header->data)); /* one holds the token */
	curl_slist_free_all(transfer->headers);
	text_done(&transfer->body);
	pthread_cond_destroy(&transfer->changed);
	free(transfer);
}

void transfer_add_header(struct transfer *transfer, const char *line)
{
	struct curl_slist *headers = curl_slist_append(transfer->headers, line);
	if (!headers)
		abort(); /* as when memory is out: base/text.h */
	transfer->headers = headers;
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, headers);
}

static bool was_sent(const struct transfer *transfer)
{
	long request_bytes = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
	return request_bytes > 0;
}

static enum error_code code_of(const struct transfer *transfer, CURLcode code)
{
	switch (code) {
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_URL_MALFORMAT:
		return ERROR_INVALID;
	case CURLE_WRITE_ERROR:
		return transfer->too_large ? ERROR_EXHAUSTED : ERROR_INTERNAL;
	case CURLE_OPERATION_TIMEDOUT:
		return was_sent(transfer) ? ERROR_TIMEOUT : ERROR_UNAVAILABLE;
	default:
		return transfer->has_effect && was_sent(transfer) ? ERROR_TIMEOUT
								  : ERROR_UNAVAILABLE;
	}
}

/* OpenSSL's own text seldom says what to look at. */
static const char *hint_of(CURLcode code)
{
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR)
		return "no TLS with the server (is its certificate of the CA that we were "
		       "given?): ";
	return "";
}

void transfer_fail(struct transfer *transfer, CURLcode code)
{
	transfer->failed = true;
	const char *text = *transfer->curl_text ? transfer->curl_text : curl_easy_strerror(code);
	if (transfer->too_large)
		text = "the answer is too large";
	error_set(&transfer->error, code_of(transfer, code), "%s%s", hint_of(code), text);
}

/* Moves the rest to the front when that is cheap or saves much. */
static void compact(struct transfer *transfer)
{
	struct text *body = &transfer->body;
	size_t rest = unread_bytes(transfer);
	if (rest == 0 && body->capacity > BODY_KEEP_BYTES) {
		text_done(body);
	} else if (rest == 0 || transfer->read_bytes > BODY_KEEP_BYTES) {
		memmove(body->data, body->data + transfer->read_bytes, rest);
		body->length = rest;
		body->data[rest] = '\0';
	} else {
		return;
	}
	transfer->read_bytes = 0;
}

int transfer_take_line(struct transfer *transfer, char **ret_line, size_t *ret_length)
{
	if (!transfer->lines)
		return 1;
	const char *start = transfer->body.data + transfer->read_bytes;
	const char *end = memchr(start, '\n', unread_bytes(transfer));
	size_t length = (size_t)(end - start);
	char *line = must_alloc(length + 1);
	memcpy(line, start, length);
	transfer->lines--;
	transfer->read_bytes += length + 1;
	compact(transfer);
	*ret_line = line;
	*ret_length = length;
	return 0;
}
