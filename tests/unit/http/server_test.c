/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metric.h"
#include "http/probe.h"
#include "test.h"

static const char reason[] = "no claims listed yet";
static atomic_bool is_ready;

static int check_ready(void *context, struct error *err)
{
	if (!is_ready)
		return error_set(err, ERROR_UNAVAILABLE, "%s", reason);
	return 0;
}

static struct http_server *server;

static int start(void **state)
{
	const struct http_server_options options = { .address = "127.0.0.1:0",
						     .ready = check_ready };
	struct error err;
	return http_server_new(&options, &server, &err);
}

static int end(void **state)
{
	http_server_free(server);
	return 0;
}

static int connect_to_server(void)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(http_server_port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* All that comes until the server closes. */
static char *read_answer(int fd)
{
	struct text text = TEXT_INIT;
	char part[4096];
	ssize_t length;
	while ((length = recv(fd, part, sizeof(part), 0)) > 0)
		text_append(&text, part, (size_t)length);
	close(fd);
	return text_take(&text);
}

static char *send_bytes(const char *request, size_t length)
{
	int fd = connect_to_server();
	assert_int_equal(send(fd, request, length, MSG_NOSIGNAL), length);
	return read_answer(fd);
}

static char *ask(const char *request)
{
	return send_bytes(request, strlen(request));
}

#define begins_with(text, start) assert_int_equal(strncmp(text, start, strlen(start)), 0)

static const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	assert_non_null(end);
	return end + 4;
}

static void is_healthy_while_it_answers(void **state)
{
	CLEANUP_FREE char *answer = ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	begins_with(answer, "HTTP/1.1 200 OK\r\n");
	assert_string_equal(body_of(answer), "ok\n");
}

/* What the server logs from now on; until log_end(). */
static int log_begin(char path[static 64])
{
	snprintf(path, 64, "/tmp/kentledge-log-XXXXXX");
	int fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	log_set_fd(fd);
	return fd;
}

static char *log_end(int fd, const char *path)
{
	char *log = NULL;
	struct error err;
	log_set_fd(-1);
	close(fd);
	assert_int_equal(file_read(path, 1 << 16, &log, NULL, &err), 0);
	unlink(path);
	return log;
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, part)); at++)
		count++;
	return count;
}

/* Every peer on the network may ask: the reason goes to the log alone. */
static void answers_that_it_is_not_ready_and_logs_why(void **state)
{
	char path[64];
	int fd = log_begin(path);
	is_ready = false;
	CLEANUP_FREE char *not_ready = ask("GET /readyz?verbose HTTP/1.1\r\n\r\n");
	begins_with(not_ready, "HTTP/1.1 503 ");
	assert_string_equal(body_of(not_ready), "not ready\n");
	CLEANUP_FREE char *again = ask("GET /readyz HTTP/1.1\r\n\r\n");
	assert_null(strstr(again, reason));
	is_ready = true;
	CLEANUP_FREE char *ready = ask("GET /readyz HTTP/1.1\r\n\r\n");
	begins_with(ready, "HTTP/1.1 200 OK\r\n");
	CLEANUP_FREE char *log = log_end(fd, path);
	assert_int_equal(count_of(log, reason), 1);
	assert_int_equal(count_of(log, "event=\"check passes\" check=readyz"), 1);
}

/* A reason with a number in it changes with every look. */
static int look(void *context, struct error *err)
{
	unsigned *looks = context;
	(*looks)++;
	return *looks == 5 ? 0 : error_set(err, ERROR_UNAVAILABLE, "look %u failed", *looks);
}

static void a_reason_that_changes_is_not_logged_with_each_look(void **state)
{
	unsigned looks = 0;
	struct http_probe probe = { .name = "readyz", .look = look, .context = &looks };
	char path[64];
	int fd = log_begin(path);
	while (looks < 8) {
		bool passes = http_probe_passes(&probe);
		assert_int_equal(passes, looks == 5);
	}
	CLEANUP_FREE char *log = log_end(fd, path);
	assert_int_equal(count_of(log, "look 1 failed"), 1);
	assert_int_equal(count_of(log, "level=info event=\"check does not pass yet\""), 1);
	assert_int_equal(count_of(log, "level=warning event=\"check fails\""), 1);
	assert_int_equal(count_of(log, "failed"), 2);
}

static void renders_the_metrics(void **state)
{
	static struct metric metric = { .name = "test_total",
					.help = "Of the test.",
					.type = METRIC_COUNTER };
	metric_add(&metric, NULL, 3);
	CLEANUP_FREE char *answer = ask("GET /metrics HTTP/1.1\r\n\r\n");
	begins_with(answer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4");
	assert_non_null(strstr(answer, "\ntest_total 3\n"));
	assert_non_null(strstr(answer, "\nprocess_resident_memory_bytes "));
}

static void leaves_the_body_out_of_an_answer_to_head(void **state)
{
	CLEANUP_FREE char *answer = ask("HEAD /healthz HTTP/1.1\r\n\r\n");
	begins_with(answer, "HTTP/1.1 200 OK\r\n");
	assert_non_null(strstr(answer, "Content-Length: 3\r\n"));
	assert_string_equal(body_of(answer), "");
}

static void refuses_what_it_does_not_serve(void **state)
{
	CLEANUP_FREE char *path = ask("GET /metricsx HTTP/1.1\r\n\r\n");
	begins_with(path, "HTTP/1.1 404 ");
	CLEANUP_FREE char *method = ask("POST /metrics HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody");
	begins_with(method, "HTTP/1.1 405 ");
}

static void refuses_what_is_no_request(void **state)
{
	static const char *const requests[] = {
		"\r\n\r\n",
		"GET\r\n\r\n",
		"GET /healthz\r\n\r\n",
		"GET /healthz HTTP/2\r\n\r\n",
		" /healthz HTTP/1.1\r\n\r\n",
		"GET http://x/healthz HTTP/1.1\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		CLEANUP_FREE char *answer = ask(requests[i]);
		begins_with(answer, "HTTP/1.1 400 ");
	}
	CLEANUP_FREE char *nul = send_bytes("GET /healthz\0 HTTP/1.1\r\n\r\n\r\n\r\n", 30);
	assert_null(strstr(nul, "200 OK"));
}

static void refuses_a_request_that_is_too_large(void **state)
{
	static char request[16384];
	memset(request, 'a', sizeof(request));
	memcpy(request, "GET /healthz HTTP/1.1\r\nX: ", 26);
	CLEANUP_FREE char *answer = send_bytes(request, sizeof(request));
	begins_with(answer, "HTTP/1.1 431 ");
}

static void takes_a_request_in_pieces(void **state)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd = connect_to_server();
	for (size_t i = 0; i < sizeof(request) - 1; i++)
		assert_int_equal(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
	CLEANUP_FREE char *answer = read_answer(fd);
	begins_with(answer, "HTTP/1.1 200 OK\r\n");
}

static void serves_new_callers_while_others_dawdle(void **state)
{
	int idle[40];
	for (size_t i = 0; i < 40; i++) {
		idle[i] = connect_to_server();
		assert_int_equal(send(idle[i], "GET /", 5, MSG_NOSIGNAL), 5);
	}
	uint64_t begun_ms = clock_monotonic_ms();
	CLEANUP_FREE char *answer = ask("GET /healthz HTTP/1.1\r\n\r\n");
	begins_with(answer, "HTTP/1.1 200 OK\r\n");
	assert_in_range(clock_monotonic_ms() - begun_ms, 0, 2000);
	for (size_t i = 0; i < 40; i++)
		close(idle[i]);
}

/* Sends for two seconds, or until it is hung up on. */
static void *flood(void *context)
{
	static char junk[1 << 18];
	int fd = *(int *)context;
	uint64_t end_ms = clock_monotonic_ms() + 2000;
	while (clock_monotonic_ms() < end_ms && send(fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

static void serves_others_while_one_sends_without_end(void **state)
{
	pthread_t threads[4];
	int fd = connect_to_server();
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, flood, &fd), 0);
	usleep(100000);
	uint64_t begun_ms = clock_monotonic_ms();
	CLEANUP_FREE char *answer = ask("GET /healthz HTTP/1.1\r\n\r\n");
	uint64_t took_ms = clock_monotonic_ms() - begun_ms;
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	close(fd);
	begins_with(answer, "HTTP/1.1 200 OK\r\n");
	assert_in_range(took_ms, 0, 1000);
}

static double cpu_s(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void does_not_spin_while_there_are_no_file_descriptors(void **state)
{
	struct rlimit before;
	int fillers[64];
	size_t count = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	const struct rlimit few = { .rlim_cur = 64, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (count < 64 && (fillers[count] = dup(fd)) >= 0)
		count++;
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(http_server_port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	double begun_s = cpu_s();
	usleep(500000);
	double used_s = cpu_s() - begun_s;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (count)
		close(fillers[--count]);
	assert_true(used_s < 0.1);
	assert_int_equal(send(fd, "GET /healthz HTTP/1.1\r\n\r\n", 25, MSG_NOSIGNAL), 25);
	CLEANUP_FREE char *answer = read_answer(fd);
	begins_with(answer, "HTTP/1.1 200 OK\r\n");
}

static void refuses_an_address_that_is_none(void **state)
{
	static const char *const addresses[] = {
		"", "9746", "localhost:9746", ":http", "1.2.3.x:99", ":", "[::1:9746", ":99999999"
	};
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		const struct http_server_options options = { .address = addresses[i] };
		struct http_server *none = NULL;
		struct error err = { 0 };
		if (http_server_new(&options, &none, &err) == 0)
			fail_msg("\"%s\" was taken", addresses[i]);
		if (err.code != ERROR_INVALID)
			fail_msg("\"%s\": %s", addresses[i], err.text);
		assert_null(none);
	}
}

static void names_an_address_that_is_taken(void **state)
{
	CLEANUP_FREE char *address = must_printf("127.0.0.1:%u", http_server_port(server));
	const struct http_server_options options = { .address = address };
	struct http_server *none = NULL;
	struct error err;
	assert_int_equal(http_server_new(&options, &none, &err), -1);
	assert_non_null(strstr(err.text, address));
}

static void listens_on_all_addresses(void **state)
{
	const struct http_server_options options = { .address = ":0" };
	CLEANUP(http_server_freep) struct http_server *all = NULL;
	struct error err;
	assert_int_equal(http_server_new(&options, &all, &err), 0);
	struct http_server *before = server;
	server = all;
	CLEANUP_FREE char *answer = ask("GET /healthz HTTP/1.1\r\n\r\n");
	server = before;
	begins_with(answer, "HTTP/1.1 200 OK\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_healthy_while_it_answers),
		cmocka_unit_test(answers_that_it_is_not_ready_and_logs_why),
		cmocka_unit_test(a_reason_that_changes_is_not_logged_with_each_look),
		cmocka_unit_test(renders_the_metrics),
		cmocka_unit_test(leaves_the_body_out_of_an_answer_to_head),
		cmocka_unit_test(refuses_what_it_does_not_serve),
		cmocka_unit_test(refuses_what_is_no_request),
		cmocka_unit_test(refuses_a_request_that_is_too_large),
		cmocka_unit_test(takes_a_request_in_pieces),
		cmocka_unit_test(serves_new_callers_while_others_dawdle),
		cmocka_unit_test(serves_others_while_one_sends_without_end),
		cmocka_unit_test(does_not_spin_while_there_are_no_file_descriptors),
		cmocka_unit_test(refuses_an_address_that_is_none),
		cmocka_unit_test(names_an_address_that_is_taken),
		cmocka_unit_test(listens_on_all_addresses),
	};
	return cmocka_run_group_tests(tests, start, end);
}
