/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/metric.h"
#include "base/text.h"

#define CONNECTIONS_MAX 32
#define IDLE_TIMEOUT_S 30
#define CONNECTION_BYTES (16u << 10)

struct http_server {
	struct MHD_Daemon *daemon;
	http_check *healthy;
	http_check *ready;
	void *context;
	uint16_t port;
};

/*
 * Answers.
 */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
			      const char *content_type, struct text *body)
{
	size_t length = body->length;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, text_take(body), MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	enum MHD_Result queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result answer_line(struct MHD_Connection *connection, unsigned status,
				   const char *line)
{
	struct text body CLEANUP_TEXT = TEXT_INIT;
	text_printf(&body, "%s\n", line);
	return answer(connection, status, "text/plain; charset=utf-8", &body);
}

static enum MHD_Result answer_check(struct MHD_Connection *connection,
				    const struct http_server *server, http_check *check)
{
	struct error err;
	if (check && check(server->context, &err) < 0)
		return answer_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, err.text);
	return answer_line(connection, MHD_HTTP_OK, "ok");
}

static enum MHD_Result answer_metrics(struct MHD_Connection *connection)
{
	struct text body CLEANUP_TEXT = TEXT_INIT;
	metric_render(&body);
	return answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &body);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload_data,
				  size_t *upload_length, void **request_state)
{
	const struct http_server *server = context;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
	if (strcmp(url, "/healthz") == 0)
		return answer_check(connection, server, server->healthy);
	if (strcmp(url, "/readyz") == 0)
		return answer_check(connection, server, server->ready);
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(connection);
	return answer_line(connection, MHD_HTTP_NOT_FOUND,
			   "there are /healthz, /readyz and /metrics");
}

/*
 * The listening socket.
 */

DEFINE_CLEANUP(struct addrinfo *, freeaddrinfo);

/* Cuts "host:port" in two; *ret_host is yours, empty for all addresses. */
static int split_address(const char *address, char **ret_host, const char **ret_port,
			 struct error *err)
{
	const char *colon = strrchr(address, ':');
	if (!colon || !colon[1])
		return error_set(err, ERROR_INVALID,
				 "\"%s\" is no address: write :PORT, HOST:PORT or [IPV6]:PORT",
				 address);
	const char *start = address;
	const char *end = colon;
	if (*start == '[' && end > start && end[-1] == ']') {
		start++;
		end--;
	}
	*ret_host = must_printf("%.*s", (int)(end - start), start);
	*ret_port = colon + 1;
	return 0;
}

static int resolve(const char *address, struct addrinfo **ret_list, struct error *err)
{
	char *host CLEANUP_FREE = NULL;
	const char *port = NULL;
	if (split_address(address, &host, &port, err) < 0)
		return -1;
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	};
	int problem = getaddrinfo(*host ? host : NULL, port, &hints, ret_list);
	if (problem)
		return error_set(err, ERROR_INVALID, "%s: %s", address, gai_strerror(problem));
	return 0;
}

static int listen_on(const struct addrinfo *info)
{
	int fd CLEANUP_CLOSE = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int yes = 1, no = 0;
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	/* [::] stands for all addresses, of IPv4 too. */
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* IPv6 first, since its wildcard serves both; where a node has none, IPv4. */
static int open_socket(const char *address, int *ret_fd, struct error *err)
{
	struct addrinfo *list CLEANUP(freeaddrinfop) = NULL;
	if (resolve(address, &list, err) < 0)
		return -1;
	const int families[] = { AF_INET6, AF_INET };
	int problem = EAFNOSUPPORT;
	for (size_t i = 0; i < 2; i++) {
		for (const struct addrinfo *info = list; info; info = info->ai_next) {
			if (info->ai_family != families[i])
				continue;
			*ret_fd = listen_on(info);
			if (*ret_fd >= 0)
				return 0;
			problem = errno;
		}
	}
	return error_errno(err, problem, "listen on %s", address);
}

static int port_of(int fd, uint16_t *ret_port, struct error *err)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return error_errno(err, errno, "getsockname");
	*ret_port =
		ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						    : ((struct sockaddr_in *)&address)->sin_port);
	return 0;
}

/*
 * The outside.
 */

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
	return MHD_start_daemon(
		MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, server,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_END);
}

int http_server_new(const struct http_server_options *options, struct http_server **ret_server,
		    struct error *err)
{
	int fd CLEANUP_CLOSE = -1;
	uint16_t port = 0;
	if (open_socket(options->address, &fd, err) < 0 || port_of(fd, &port, err) < 0)
		return -1;
	struct http_server *server = must_alloc(sizeof(*server));
	server->healthy = options->healthy;
	server->ready = options->ready;
	server->context = options->context;
	server->port = port;
	server->daemon = start_daemon(server, fd);
	if (!server->daemon) {
		free(server);
		return error_set(err, ERROR_INTERNAL, "cannot serve HTTP on %s", options->address);
	}
	TAKE_FD(fd); /* MHD_stop_daemon() closes it */
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
	MHD_stop_daemon(server->daemon);
	free(server);
}
