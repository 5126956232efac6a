/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "certificates.h"
#include "raw_server.h"
#include "test.h"

/* What the server saw last. */
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;
static char seen_head[8192];
static char seen_body[256];
static atomic_size_t sent_bytes;

static void note_request(const struct raw_request *request)
{
	pthread_mutex_lock(&seen_lock);
	snprintf(seen_head, sizeof(seen_head), "%s", request->head);
	snprintf(seen_body, sizeof(seen_body), "%.*s", (int)request->body_length, request->body);
	pthread_mutex_unlock(&seen_lock);
}

static bool begin_stream(struct raw_connection *connection)
{
	return raw_printf(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static bool send_flood(struct raw_connection *connection)
{
	char line[1024];
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	begin_stream(connection);
	for (int i = 0; i < 20 * 1024; i++) {
		if (!raw_chunk(connection, line, sizeof(line)))
			return false;
		sent_bytes += sizeof(line);
	}
	return raw_chunk(connection, "", 0);
}

static bool send_long_line(struct raw_connection *connection)
{
	static char part[1 << 20];
	memset(part, 'y', sizeof(part));
	begin_stream(connection);
	for (int i = 0; i < 3; i++)
		raw_chunk(connection, "short\n", 6);
	for (int i = 0; i < 2; i++)
		raw_chunk(connection, part, sizeof(part));
	return raw_chunk(connection, "\nend\n", 5) && raw_chunk(connection, "", 0);
}

static bool send_too_much(struct raw_connection *connection, const char *head, size_t megabytes)
{
	static char part[1 << 20];
	memset(part, 'z', sizeof(part));
	raw_printf(connection, "%s", head);
	for (size_t i = 0; i < megabytes; i++)
		if (!raw_write(connection, part, sizeof(part)))
			return false;
	return false;
}

static bool send_ticks(struct raw_connection *connection)
{
	bool there = begin_stream(connection);
	for (int i = 0; i < 100 && there; i++) {
		there = raw_chunk(connection, "tick\n", 5);
		usleep(50000);
	}
	return false;
}

static bool serve(void *context, struct raw_connection *connection,
		  const struct raw_request *request)
{
	note_request(request);
	char path[256] = "";
	sscanf(request->head, "%*s %255s", path);
	if (strcmp(path, "/hello") == 0)
		return raw_answer(connection, 200, "hello");
	if (strcmp(path, "/missing") == 0)
		return raw_answer(connection, 404, "{\"code\":404}");
	if (strcmp(path, "/later") == 0)
		return raw_printf(connection, "HTTP/1.1 429 Slow\r\nretry-after: 7\r\n"
					      "Content-Length: 0\r\n\r\n");
	if (strcmp(path, "/never") == 0)
		return raw_wait_closed(connection, 10000) && false;
	if (strcmp(path, "/broken") == 0)
		return raw_printf(connection,
				  "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") &&
		       false;
	if (strcmp(path, "/gone") == 0)
		return false;
	if (strcmp(path, "/packed/br") == 0)
		return raw_printf(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\n"
					      "\xff\xff\xff\xff\xff\xff") &&
		       false;
	if (strcmp(path, "/packed/zstd") == 0)
		return raw_printf(connection,
				  "HTTP/1.1 200 OK\r\nTransfer-Encoding: zstd, chunked\r\n\r\n"
				  "5\r\nxxxxx\r\n0\r\n\r\n") &&
		       false;
	if (strcmp(path, "/many-ways") == 0)
		return raw_printf(connection,
				  "HTTP/1.1 401 No\r\nContent-Encoding: br, zstd\r\n"
				  "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"
				  "Alt-Svc: h2=\"other.example:443\"\r\n"
				  "Strict-Transport-Security: max-age=1000\r\n"
				  "Set-Cookie: a=b; Domain=co.uk\r\nLocation: ldap://x/\r\n"
				  "Content-Length: 2\r\n\r\nno");
	if (strcmp(path, "/huge") == 0)
		return send_too_much(connection, "HTTP/1.1 200 OK\r\n\r\n", 66);
	if (strcmp(path, "/endless-line") == 0)
		return send_too_much(connection, "HTTP/1.1 200 OK\r\n\r\n", 18);
	if (strcmp(path, "/three") == 0)
		return begin_stream(connection) && raw_chunk(connection, "one\ntw", 6) &&
		       raw_chunk(connection, "o\n\nthree\n", 9) && raw_chunk(connection, "", 0);
	if (strcmp(path, "/cut") == 0)
		return begin_stream(connection) && raw_chunk(connection, "one\ntw", 6) && false;
	if (strcmp(path, "/ends-early") == 0)
		return begin_stream(connection) && raw_chunk(connection, "one\ntw", 6) &&
		       raw_chunk(connection, "", 0);
	if (strcmp(path, "/silent") == 0)
		return begin_stream(connection) && raw_chunk(connection, "one\n", 4) &&
		       raw_wait_closed(connection, 10000) && false;
	if (strcmp(path, "/ticks") == 0)
		return send_ticks(connection);
	if (strcmp(path, "/flood") == 0)
		return send_flood(connection);
	if (strcmp(path, "/long-line") == 0)
		return send_long_line(connection);
	return raw_answer(connection, 500, "unknown path");
}

struct fixture {
	struct raw_server *server;
	struct http_client *client;
};

static int set_up(void **state)
{
	struct fixture *fixture = must_alloc(sizeof(*fixture));
	struct error err;
	fixture->server = raw_server_new(NULL, serve, NULL);
	const struct http_client_options options = {
		.base_url = raw_server_url(fixture->server),
		.user_agent = "test/1",
	};
	assert_int_equal(http_client_new(&options, &fixture->client, &err), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	http_client_free(fixture->client);
	raw_server_free(fixture->server);
	free(fixture);
	return 0;
}

static int get(struct http_client *client, const char *path, uint32_t timeout_ms,
	       struct http_response *response, struct error *err)
{
	const struct http_request request = {
		.method = "GET",
		.path = path,
		.timeout_ms = timeout_ms,
	};
	return http_client_request(client, &request, response, err);
}

static void hands_over_any_status_with_its_body(void **state)
{
	struct fixture *fixture = *state;
	struct http_response response;
	struct error err;
	assert_int_equal(get(fixture->client, "/hello", 5000, &response, &err), 0);
	assert_int_equal(response.status, 200);
	assert_string_equal(response.body, "hello");
	assert_int_equal(response.body_length, 5);
	http_response_done(&response);
	assert_int_equal(get(fixture->client, "/missing", 5000, &response, &err), 0);
	assert_int_equal(response.status, 404);
	assert_string_equal(response.body, "{\"code\":404}");
	http_response_done(&response);
	assert_int_equal(get(fixture->client, "/later", 5000, &response, &err), 0);
	assert_int_equal(response.status, 429);
	assert_int_equal(response.retry_after_s, 7);
	assert_string_equal(response.body, "");
	http_response_done(&response);
	assert_int_equal(raw_server_connections(fixture->server), 1);
}

static void sends_method_body_and_headers(void **state)
{
	struct fixture *fixture = *state;
	struct http_response response;
	struct error err;
	const struct http_request request = {
		.method = "PATCH",
		.path = "/hello",
		.content_type = "application/merge-patch+json",
		.body = "{\"a\":1}",
		.body_length = 7,
		.timeout_ms = 5000,
	};
	assert_int_equal(http_client_request(fixture->client, &request, &response, &err), 0);
	http_response_done(&response);
	pthread_mutex_lock(&seen_lock);
	assert_non_null(strstr(seen_head, "PATCH /hello HTTP/1.1\r\n"));
	assert_non_null(strstr(seen_head, "Content-Type: application/merge-patch+json\r\n"));
	assert_non_null(strstr(seen_head, "Accept: application/json\r\n"));
	assert_non_null(strstr(seen_head, "User-Agent: test/1\r\n"));
	assert_null(strstr(seen_head, "Authorization"));
	assert_string_equal(seen_body, "{\"a\":1}");
	pthread_mutex_unlock(&seen_lock);
}

static int post(struct http_client *client, const char *path, uint32_t timeout_ms,
		struct error *err)
{
	const struct http_request request = {
		.method = "POST",
		.path = path,
		.body = "{}",
		.body_length = 2,
		.timeout_ms = timeout_ms,
	};
	struct http_response response;
	int r = http_client_request(client, &request, &response, err);
	if (r == 0)
		http_response_done(&response);
	return r;
}

static void says_when_a_request_may_have_had_an_effect(void **state)
{
	struct fixture *fixture = *state;
	struct http_response response;
	struct error err;
	assert_int_equal(post(fixture->client, "/gone", 5000, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_int_equal(get(fixture->client, "/gone", 5000, &response, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(get(fixture->client, "/broken", 5000, &response, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, raw_server_url(fixture->server)));
}

static void gives_up_a_request_after_its_time(void **state)
{
	struct fixture *fixture = *state;
	struct http_response response;
	struct error err;
	uint64_t begun_ms = clock_monotonic_ms();
	assert_int_equal(get(fixture->client, "/never", 200, &response, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_in_range(clock_monotonic_ms() - begun_ms, 150, 3000);
	assert_int_equal(get(fixture->client, "/hello", 5000, &response, &err), 0);
	http_response_done(&response);
}

static void names_a_server_that_cannot_be_reached(void **state)
{
	const struct http_client_options options = { .base_url = "http://127.0.0.1:1" };
	CLEANUP(http_client_freep) struct http_client *client = NULL;
	struct http_response response;
	struct error err;
	assert_int_equal(http_client_new(&options, &client, &err), 0);
	assert_int_equal(get(client, "/", 5000, &response, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "http://127.0.0.1:1"));
	assert_int_equal(post(client, "/", 5000, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
}

static void refuses_an_answer_that_is_too_large(void **state)
{
	struct fixture *fixture = *state;
	struct http_response response;
	struct error err;
	assert_int_equal(get(fixture->client, "/huge", 60000, &response, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
}

/* libcurl unpacks a transfer encoding that nobody asked for; a release has no brotli and zstd. */
static void survives_an_answer_packed_in_a_way_that_it_does_not_know(void **state)
{
	static const char *const paths[] = { "/packed/br", "/packed/zstd" };
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct http_response response;
		struct error err;
		assert_int_equal(get(fixture->client, paths[i], 5000, &response, &err), -1);
		assert_int_equal(err.code, ERROR_UNAVAILABLE);
	}
}

static void takes_up_nothing_that_a_server_offers_beside_its_answer(void **state)
{
	struct fixture *fixture = *state;
	struct http_response response;
	struct error err;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(get(fixture->client, "/many-ways", 5000, &response, &err), 0);
		assert_int_equal(response.status, 401);
		assert_string_equal(response.body, "no");
		http_response_done(&response);
	}
	pthread_mutex_lock(&seen_lock);
	assert_null(strstr(seen_head, "Cookie:"));
	pthread_mutex_unlock(&seen_lock);
}

static void refuses_an_address_that_is_none(void **state)
{
	static const char *const urls[] = { "",
					    "localhost:6443",
					    "ftp://localhost",
					    "https://me:secret@localhost",
					    "https://k\xc3\xb6ln.example",
					    "https://k%c3%b6ln.example:6443/path",
					    "https://a b" };
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		const struct http_client_options options = { .base_url = urls[i] };
		struct http_client *client = NULL;
		struct error err;
		assert_int_equal(http_client_new(&options, &client, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_null(strstr(err.text, "secret"));
		assert_null(client);
	}
}

/*
 * Streams.
 */

static struct http_stream *open_stream(struct http_client *client, const char *path,
				       uint32_t silence_ms)
{
	const struct http_request request = {
		.method = "GET",
		.path = path,
		.timeout_ms = silence_ms,
	};
	struct http_stream *stream = NULL;
	struct http_response response;
	struct error err;
	assert_int_equal(http_client_open(client, &request, &stream, &response, &err), 0);
	assert_non_null(stream);
	return stream;
}

static void expect_line(struct http_stream *stream, const char *expected)
{
	CLEANUP_FREE char *line = NULL;
	size_t length;
	struct error err;
	assert_int_equal(http_stream_read_line(stream, &line, &length, &err), 0);
	assert_string_equal(line, expected);
	assert_int_equal(length, strlen(expected));
}

static int read_end(struct http_stream *stream, struct error *err)
{
	char *line = NULL;
	size_t length;
	int r = http_stream_read_line(stream, &line, &length, err);
	assert_null(line);
	return r;
}

static void hands_over_a_stream_line_by_line(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	CLEANUP(http_stream_closep)
	struct http_stream *stream = open_stream(fixture->client, "/three", 5000);
	expect_line(stream, "one");
	expect_line(stream, "two");
	expect_line(stream, "");
	expect_line(stream, "three");
	assert_int_equal(read_end(stream, &err), 1);
	assert_int_equal(read_end(stream, &err), 1);
}

static void hands_over_the_refusal_of_a_stream(void **state)
{
	struct fixture *fixture = *state;
	const struct http_request request = { .method = "GET",
					      .path = "/missing",
					      .timeout_ms = 5000 };
	struct http_stream *stream = (struct http_stream *)1;
	struct http_response response;
	struct error err;
	assert_int_equal(http_client_open(fixture->client, &request, &stream, &response, &err), 0);
	assert_null(stream);
	assert_int_equal(response.status, 404);
	assert_string_equal(response.body, "{\"code\":404}");
	http_response_done(&response);
}

static void notices_a_stream_that_is_cut(void **state)
{
	static const char *const paths[] = { "/cut", "/ends-early" };
	struct fixture *fixture = *state;
	for (size_t i = 0; i < 2; i++) {
		struct error err;
		CLEANUP(http_stream_closep)
		struct http_stream *stream = open_stream(fixture->client, paths[i], 5000);
		expect_line(stream, "one");
		assert_int_equal(read_end(stream, &err), -1);
		assert_int_equal(err.code, ERROR_UNAVAILABLE);
	}
}

static void gives_up_a_stream_that_is_silent(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	CLEANUP(http_stream_closep)
	struct http_stream *stream = open_stream(fixture->client, "/silent", 200);
	expect_line(stream, "one");
	uint64_t begun_ms = clock_monotonic_ms();
	assert_int_equal(read_end(stream, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_in_range(clock_monotonic_ms() - begun_ms, 100, 3000);
}

static void gives_up_what_hangs_on_a_server_that_answers_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct http_response response;
	struct error err;
	CLEANUP(http_stream_closep)
	struct http_stream *stream = open_stream(fixture->client, "/silent", 60000);
	expect_line(stream, "one");
	usleep(20000);
	assert_int_equal(get(fixture->client, "/never", 300, &response, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_int_equal(read_end(stream, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(get(fixture->client, "/hello", 5000, &response, &err), 0);
	http_response_done(&response);
}

static void keeps_a_stream_while_one_request_alone_is_slow(void **state)
{
	struct fixture *fixture = *state;
	struct http_response response;
	struct error err;
	CLEANUP(http_stream_closep)
	struct http_stream *stream = open_stream(fixture->client, "/ticks", 60000);
	assert_int_equal(get(fixture->client, "/never", 600, &response, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	for (int i = 0; i < 30; i++)
		expect_line(stream, "tick");
}

static void holds_the_server_back_while_the_reader_is_slow(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	sent_bytes = 0;
	CLEANUP(http_stream_closep)
	struct http_stream *stream = open_stream(fixture->client, "/flood", 300);
	usleep(600000); /* also longer than the silence that is allowed */
	/* The sockets' own buffers take some megabytes; the rest of the 20 must wait. */
	assert_in_range(sent_bytes, 1, 14 << 20);
	for (int i = 0; i < 20 * 1024; i++) {
		CLEANUP_FREE char *line = NULL;
		size_t length = 0;
		assert_int_equal(http_stream_read_line(stream, &line, &length, &err), 0);
		assert_int_equal(length, 1023);
	}
	assert_int_equal(read_end(stream, &err), 1);
}

static void takes_a_line_longer_than_what_it_holds_back(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	CLEANUP(http_stream_closep)
	struct http_stream *stream = open_stream(fixture->client, "/long-line", 5000);
	usleep(100000);
	for (int i = 0; i < 3; i++)
		expect_line(stream, "short");
	CLEANUP_FREE char *line = NULL;
	size_t length;
	assert_int_equal(http_stream_read_line(stream, &line, &length, &err), 0);
	assert_int_equal(length, 2 << 20);
	expect_line(stream, "end");
}

static void refuses_a_line_without_end(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	CLEANUP(http_stream_closep)
	struct http_stream *stream = open_stream(fixture->client, "/endless-line", 5000);
	assert_int_equal(read_end(stream, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
}

static void *stop_soon(void *client)
{
	usleep(100000);
	http_client_stop(client);
	return NULL;
}

static void ends_everything_when_it_is_stopped(void **state)
{
	struct fixture *fixture = *state;
	struct http_response response;
	struct error err;
	pthread_t thread;
	CLEANUP(http_stream_closep)
	struct http_stream *stream = open_stream(fixture->client, "/silent", 60000);
	expect_line(stream, "one");
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, fixture->client), 0);
	assert_int_equal(get(fixture->client, "/never", 60000, &response, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	assert_int_equal(read_end(stream, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	assert_int_equal(get(fixture->client, "/hello", 60000, &response, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	pthread_join(thread, NULL);
}

static void *ask_often(void *context)
{
	struct fixture *fixture = context;
	for (int i = 0; i < 50; i++) {
		struct http_response response;
		struct error err;
		assert_int_equal(get(fixture->client, "/hello", 10000, &response, &err), 0);
		http_response_done(&response);
	}
	return NULL;
}

static void serves_many_threads_at_once(void **state)
{
	struct fixture *fixture = *state;
	pthread_t threads[8];
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, fixture), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_in_range(raw_server_connections(fixture->server), 1, 16);
}

/*
 * TLS and tokens.
 */

static char *file_in(const char *folder, const char *name)
{
	return must_printf("%s/%s", folder, name);
}

struct tls_case {
	struct certificates *authority;
	char *server_folder;
	char *client_folder;
	struct raw_server *server;
};

static void tls_case_begin(struct tls_case *tls)
{
	tls->authority = certificates_new();
	tls->server_folder = certificates_folder(tls->authority, "localhost");
	tls->client_folder = certificates_folder(tls->authority, "other-client");
	tls->server = raw_server_new(tls->server_folder, serve, NULL);
}

static void tls_case_end(struct tls_case *tls)
{
	raw_server_free(tls->server);
	certificates_remove(tls->client_folder);
	certificates_remove(tls->server_folder);
	certificates_free(tls->authority);
}

static int ask(const struct http_client_options *options, struct error *err)
{
	CLEANUP(http_client_freep) struct http_client *client = NULL;
	struct http_response response;
	if (http_client_new(options, &client, err) < 0)
		return -1;
	if (get(client, "/hello", 5000, &response, err) < 0)
		return -1;
	int status = response.status;
	http_response_done(&response);
	return status;
}

static char *content_of(const char *path)
{
	char *text;
	assert_int_equal(file_read(path, 1 << 20, &text, NULL, NULL), 0);
	return text;
}

static void proves_itself_and_checks_the_server_by_files_or_text(void **state)
{
	struct tls_case tls;
	struct error err = { 0 };
	tls_case_begin(&tls);
	CLEANUP_FREE char *ca = file_in(tls.client_folder, "ca.crt");
	CLEANUP_FREE char *certificate = file_in(tls.client_folder, "tls.crt");
	CLEANUP_FREE char *key = file_in(tls.client_folder, "tls.key");
	const struct http_client_options by_files = {
		.base_url = raw_server_url(tls.server),
		.ca_file = ca,
		.certificate_file = certificate,
		.key_file = key,
	};
	assert_int_equal(ask(&by_files, &err), 200);
	CLEANUP_FREE char *ca_pem = content_of(ca);
	CLEANUP_FREE char *certificate_pem = content_of(certificate);
	CLEANUP_FREE char *key_pem = content_of(key);
	const struct http_client_options by_text = {
		.base_url = raw_server_url(tls.server),
		.ca_pem = ca_pem,
		.certificate_pem = certificate_pem,
		.key_pem = key_pem,
	};
	assert_int_equal(ask(&by_text, &err), 200);
	tls_case_end(&tls);
}

static void refuses_a_server_of_another_authority(void **state)
{
	struct tls_case tls;
	struct error err;
	CLEANUP(certificates_freep) struct certificates *other = certificates_new();
	CLEANUP(certificates_removep)
	char *other_folder = certificates_folder(other, "other-client");
	tls_case_begin(&tls);
	CLEANUP_FREE char *ca = file_in(other_folder, "ca.crt");
	CLEANUP_FREE char *certificate = file_in(tls.client_folder, "tls.crt");
	CLEANUP_FREE char *key = file_in(tls.client_folder, "tls.key");
	const struct http_client_options options = {
		.base_url = raw_server_url(tls.server),
		.ca_file = ca,
		.certificate_file = certificate,
		.key_file = key,
	};
	assert_int_equal(ask(&options, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "certificate"));
	tls_case_end(&tls);
}

static void says_which_file_of_its_own_is_no_use(void **state)
{
	struct tls_case tls;
	struct error err;
	tls_case_begin(&tls);
	CLEANUP_FREE char *ca = file_in(tls.client_folder, "ca.crt");
	const struct http_client_options options = {
		.base_url = raw_server_url(tls.server),
		.ca_file = ca,
		.certificate_file = "/nonexistent/tls.crt",
		.key_file = "/nonexistent/tls.key",
	};
	assert_int_equal(ask(&options, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "/nonexistent/tls.crt"));
	const struct http_client_options no_ca = {
		.base_url = raw_server_url(tls.server),
		.ca_file = "/nonexistent/ca.crt",
	};
	assert_int_equal(ask(&no_ca, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "/nonexistent/ca.crt"));
	tls_case_end(&tls);
}

static bool server_saw(const char *text)
{
	pthread_mutex_lock(&seen_lock);
	bool saw = strstr(seen_head, text) != NULL;
	pthread_mutex_unlock(&seen_lock);
	return saw;
}

static void write_file(const char *path, const char *content)
{
	CLEANUP_FREE char *temporary = must_printf("%s.new", path);
	FILE *file = fopen(temporary, "we");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(temporary, path), 0);
}

static void reads_the_token_again_when_its_file_changes(void **state)
{
	struct fixture *fixture = *state;
	char path[] = "/tmp/token-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	write_file(path, "first\n");
	const struct http_client_options options = {
		.base_url = raw_server_url(fixture->server),
		.token_file = path,
	};
	CLEANUP(http_client_freep) struct http_client *client = NULL;
	struct http_response response;
	struct error err;
	assert_int_equal(http_client_new(&options, &client, &err), 0);
	assert_int_equal(get(client, "/hello", 5000, &response, &err), 0);
	http_response_done(&response);
	assert_true(server_saw("Authorization: Bearer first\r\n"));
	write_file(path, "second\n");
	assert_int_equal(get(client, "/hello", 5000, &response, &err), 0);
	http_response_done(&response);
	assert_true(server_saw("Authorization: Bearer second\r\n"));
	write_file(path, "not a\r\nX-Evil: token");
	assert_int_equal(get(client, "/hello", 5000, &response, &err), 0);
	http_response_done(&response);
	assert_true(server_saw("Authorization: Bearer second\r\n"));
	unlink(path);
	assert_int_equal(get(client, "/hello", 5000, &response, &err), 0);
	http_response_done(&response);
	assert_true(server_saw("Authorization: Bearer second\r\n"));
}

static void refuses_a_token_that_cannot_stand_in_a_header(void **state)
{
	struct fixture *fixture = *state;
	const struct http_client_options options = {
		.base_url = raw_server_url(fixture->server),
		.token = "sec\nret",
	};
	struct http_client *client = NULL;
	struct error err;
	assert_int_equal(http_client_new(&options, &client, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_null(strstr(err.text, "sec"));
	const struct http_client_options no_file = {
		.base_url = raw_server_url(fixture->server),
		.token_file = "/nonexistent/token",
	};
	assert_int_equal(ask(&no_file, &err), -1);
	assert_non_null(strstr(err.text, "/nonexistent/token"));
}

int main(void)
{
#define with_server(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		with_server(hands_over_any_status_with_its_body),
		with_server(sends_method_body_and_headers),
		with_server(says_when_a_request_may_have_had_an_effect),
		with_server(gives_up_a_request_after_its_time),
		cmocka_unit_test(names_a_server_that_cannot_be_reached),
		with_server(refuses_an_answer_that_is_too_large),
		with_server(survives_an_answer_packed_in_a_way_that_it_does_not_know),
		with_server(takes_up_nothing_that_a_server_offers_beside_its_answer),
		cmocka_unit_test(refuses_an_address_that_is_none),
		with_server(hands_over_a_stream_line_by_line),
		with_server(hands_over_the_refusal_of_a_stream),
		with_server(notices_a_stream_that_is_cut),
		with_server(gives_up_a_stream_that_is_silent),
		with_server(gives_up_what_hangs_on_a_server_that_answers_nothing),
		with_server(keeps_a_stream_while_one_request_alone_is_slow),
		with_server(holds_the_server_back_while_the_reader_is_slow),
		with_server(takes_a_line_longer_than_what_it_holds_back),
		with_server(refuses_a_line_without_end),
		with_server(ends_everything_when_it_is_stopped),
		with_server(serves_many_threads_at_once),
		cmocka_unit_test(proves_itself_and_checks_the_server_by_files_or_text),
		cmocka_unit_test(refuses_a_server_of_another_authority),
		cmocka_unit_test(says_which_file_of_its_own_is_no_use),
		with_server(reads_the_token_again_when_its_file_changes),
		with_server(refuses_a_token_that_cannot_stand_in_a_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
