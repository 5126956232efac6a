/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/crowd.h"
#include "base/listen.h"
#include "base/metric.h"
#include "base/text.h"
#include "http/probe.h"

/* Why this is not a library: docs/decisions/0008. */

#define CONNECTIONS_MAX 16
#define HEAD_MAX_BYTES 8192
#define CONNECTION_MS 10000

/* How much of a request beyond its head is read before a connection is closed. */
#define DRAIN_MAX_BYTES (64u << 10)

struct connection {
	int fd;
	uint64_t deadline_ms; /* by then it must be done */
	struct crowd_member member;
	char head[HEAD_MAX_BYTES];
	size_t head_length;
	struct text answer; /* empty while the request is read */
	size_t written;
};

struct http_server {
	struct http_probe healthy;
	struct http_probe ready;
	uint16_t port;
	int listen_fd;
	int stop_fd; /* an eventfd: readable when the thread is to end */
	pthread_t thread;
	uint64_t arrivals;				 /* counts connections */
	struct connection *connections[CONNECTIONS_MAX]; /* NULL: free */
};

/*
 * Answers.
 */

static void answer(struct connection *connection, const char *status, const char *content_type,
		   const struct text *body)
{
	text_printf(&connection->answer,
		    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		    "Connection: close\r\n\r\n",
		    status, content_type, body->length);
	if (strncmp(connection->head, "HEAD ", 5) != 0)
		text_append(&connection->answer, text_string(body), body->length);
}

static void answer_line(struct connection *connection, const char *status, const char *line)
{
	CLEANUP_TEXT struct text body = TEXT_INIT;
	text_printf(&body, "%s\n", line);
	answer(connection, status, "text/plain; charset=utf-8", &body);
}

static void answer_check(struct connection *connection, struct http_probe *probe,
			 const char *failure)
{
	if (http_probe_passes(probe))
		answer_line(connection, "200 OK", "ok");
	else
		answer_line(connection, "503 Service Unavailable", failure);
}

static void answer_metrics(struct connection *connection)
{
	CLEANUP_TEXT struct text body = TEXT_INIT;
	metric_render(&body);
	answer(connection, "200 OK", "text/plain; version=0.0.4; charset=utf-8", &body);
}

static void answer_path(struct connection *connection, struct http_server *server, const char *path)
{
	if (strcmp(path, "/healthz") == 0)
		answer_check(connection, &server->healthy, "not healthy");
	else if (strcmp(path, "/readyz") == 0)
		answer_check(connection, &server->ready, "not ready");
	else if (strcmp(path, "/metrics") == 0)
		answer_metrics(connection);
	else
		answer_line(connection, "404 Not Found",
			    "there are /healthz, /readyz and /metrics");
}

/* The path of "GET /path?query HTTP/1.1"; false if the line has another form (RFC 9112 §3). */
static bool find_path(const char *line, char path[static 64])
{
	size_t method_length = strcspn(line, " \r\n");
	const char *target = line + method_length + 1;
	if (!method_length || line[method_length] != ' ' || *target != '/')
		return false;
	size_t length = strcspn(target, " ?\r\n");
	const char *version = target + strcspn(target, " \r\n");
	if (strncmp(version, " HTTP/1.", 8) != 0)
		return false;
	if (length >= 64)
		length = 63; /* none of ours is so long */
	memcpy(path, target, length);
	path[length] = '\0';
	return true;
}

static void answer_request(struct connection *connection, struct http_server *server)
{
	char path[64];
	const char *head = connection->head;
	if (strlen(head) != connection->head_length || !find_path(head, path))
		answer_line(connection, "400 Bad Request", "this is not an HTTP/1.1 request");
	else if (strncmp(head, "GET ", 4) != 0 && strncmp(head, "HEAD ", 5) != 0)
		answer_line(connection, "405 Method Not Allowed", "only GET and HEAD");
	else
		answer_path(connection, server, path);
}

/*
 * Connections. Each of these returns false when the connection is over.
 */

static bool read_head(struct connection *connection, struct http_server *server)
{
	size_t room = sizeof(connection->head) - 1 - connection->head_length;
	ssize_t length = recv(connection->fd, connection->head + connection->head_length, room, 0);
	if (length < 0)
		return errno == EAGAIN || errno == EINTR;
	if (length == 0)
		return false;
	connection->head_length += (size_t)length;
	connection->head[connection->head_length] = '\0';
	if (strstr(connection->head, "\r\n\r\n"))
		answer_request(connection, server);
	else if ((size_t)length == room)
		answer_line(connection, "431 Request Header Fields Too Large",
			    "the request is too large");
	return true;
}

static bool write_answer(struct connection *connection)
{
	const struct text *text = &connection->answer;
	ssize_t length = send(connection->fd, text->data + connection->written,
			      text->length - connection->written, MSG_NOSIGNAL);
	if (length < 0)
		return errno == EAGAIN || errno == EINTR;
	connection->written += (size_t)length;
	return connection->written < text->length;
}

static bool serve_connection(struct connection *connection, struct http_server *server)
{
	if (clock_monotonic_ms() >= connection->deadline_ms)
		return false;
	if (!connection->answer.length && !read_head(connection, server))
		return false;
	return !connection->answer.length || write_answer(connection);
}

/* What we have not read would make close() send the peer a reset (RFC 1122 §4.2.2.13) before it has
 * read our answer. A client that sends without end gets that reset. */
static void drain(int fd)
{
	char rest[4096];
	shutdown(fd, SHUT_WR);
	for (size_t left = DRAIN_MAX_BYTES; left; left -= sizeof(rest))
		if (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) <= 0)
			return;
}

static void close_connection(struct http_server *server, size_t slot)
{
	struct connection *connection = server->connections[slot];
	if (!connection)
		return;
	server->connections[slot] = NULL;
	drain(connection->fd);
	close(connection->fd);
	text_done(&connection->answer);
	free(connection);
}

/* A free slot, or that of the connection that has to make room (base/crowd.h): a client that opens
 * many does not displace the kubelet's. */
static size_t find_slot(struct http_server *server)
{
	struct crowd_member members[CONNECTIONS_MAX];
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (!server->connections[i])
			return i;
		members[i] = server->connections[i]->member;
	}
	size_t victim = crowd_victim(members, CONNECTIONS_MAX);
	close_connection(server, victim);
	return victim;
}

static void accept_connection(struct http_server *server)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);
	int fd = accept4(server->listen_fd, (struct sockaddr *)&address, &length,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			poll(NULL, 0, 100); /* it stays in the backlog: do not spin */
		return;
	}
	struct connection *connection = must_alloc(sizeof(*connection));
	connection->fd = fd;
	connection->deadline_ms = clock_monotonic_ms() + CONNECTION_MS;
	connection->member = (struct crowd_member) { .peer = crowd_peer(&address),
						     .arrival = server->arrivals++ };
	server->connections[find_slot(server)] = connection;
}

/*
 * The thread.
 */

/* The places in the list that poll(2) takes. */
enum { POLL_STOP, POLL_LISTEN, POLL_CONNECTIONS, POLL_COUNT = POLL_CONNECTIONS + CONNECTIONS_MAX };

static int fill_poll(const struct http_server *server, struct pollfd polls[static POLL_COUNT])
{
	int timeout_ms = -1;
	polls[POLL_STOP] = (struct pollfd) { .fd = server->stop_fd, .events = POLLIN };
	polls[POLL_LISTEN] = (struct pollfd) { .fd = server->listen_fd, .events = POLLIN };
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		const struct connection *connection = server->connections[i];
		polls[POLL_CONNECTIONS + i] = (struct pollfd) {
			.fd = connection ? connection->fd : -1,
			.events = connection && connection->answer.length ? POLLOUT : POLLIN,
		};
		if (connection)
			timeout_ms = 1000; /* for the deadlines */
	}
	return timeout_ms;
}

static void *run(void *context)
{
	struct http_server *server = context;
	for (;;) {
		struct pollfd polls[POLL_COUNT];
		int timeout_ms = fill_poll(server, polls);
		if (poll(polls, POLL_COUNT, timeout_ms) < 0)
			continue; /* EINTR */
		if (polls[POLL_STOP].revents)
			break;
		for (size_t i = 0; i < CONNECTIONS_MAX; i++)
			if (server->connections[i] &&
			    !serve_connection(server->connections[i], server))
				close_connection(server, i);
		if (polls[POLL_LISTEN].revents)
			accept_connection(server);
	}
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		close_connection(server, i);
	return NULL;
}

/*
 * The outside.
 */

int http_server_new(const struct http_server_options *options, struct http_server **ret_server,
		    struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_CLOSE int stop_fd = eventfd(0, EFD_CLOEXEC);
	uint16_t port = 0;
	if (stop_fd < 0)
		return error_errno(err, errno, "eventfd");
	if (listen_tcp(options->address, &fd, &port, err) < 0)
		return -1;
	struct http_server *server = must_alloc(sizeof(*server));
	server->healthy = (struct http_probe) { .name = "healthz",
						.look = options->healthy,
						.context = options->context };
	server->ready = (struct http_probe) { .name = "readyz",
					      .look = options->ready,
					      .context = options->context };
	server->port = port;
	server->listen_fd = TAKE_FD(fd);
	server->stop_fd = TAKE_FD(stop_fd);
	if (pthread_create(&server->thread, NULL, run, server) != 0)
		abort(); /* as when memory is out: base/text.h */
	*ret_server = server;
	return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	eventfd_write(server->stop_fd, 1);
	pthread_join(server->thread, NULL);
	close(server->stop_fd);
	close(server->listen_fd);
	free(server);
}
