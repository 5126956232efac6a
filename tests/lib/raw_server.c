/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_server.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <utlist.h>

#include "base/text.h"

struct raw_connection {
	struct raw_connection *next;
	struct raw_server *server;
	int fd;
	SSL *ssl; /* NULL: plain */
	pthread_t thread;
};

struct raw_server {
	raw_handler *handler;
	void *context;
	SSL_CTX *tls;
	char *url;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	struct raw_connection *connections;
	unsigned connection_count;
};

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "raw_server: %s failed\n", what);
	abort();
}

bool raw_write(struct raw_connection *connection, const void *data, size_t length)
{
	const char *at = data;
	while (length) {
		ssize_t done = connection->ssl ? SSL_write(connection->ssl, at, (int)length)
					       : send(connection->fd, at, length, MSG_NOSIGNAL);
		if (done <= 0)
			return false;
		at += done;
		length -= (size_t)done;
	}
	return true;
}

bool raw_printf(struct raw_connection *connection, const char *format, ...)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	va_list args;
	va_start(args, format);
	text_vprintf(&text, format, args);
	va_end(args);
	return raw_write(connection, text_string(&text), text.length);
}

bool raw_answer(struct raw_connection *connection, int status, const char *body)
{
	return raw_printf(connection, "HTTP/1.1 %d Any\r\nContent-Length: %zu\r\n\r\n%s", status,
			  strlen(body), body);
}

bool raw_chunk(struct raw_connection *connection, const void *data, size_t length)
{
	return raw_printf(connection, "%zx\r\n", length) && raw_write(connection, data, length) &&
	       raw_write(connection, "\r\n", 2);
}

bool raw_wait_closed(struct raw_connection *connection, uint32_t timeout_ms)
{
	struct pollfd poll_fd = { .fd = connection->fd, .events = POLLIN };
	char byte;
	if (poll(&poll_fd, 1, (int)timeout_ms) != 1)
		return false;
	/* Over TLS the close is announced by an alert, which is data. */
	return connection->ssl || recv(connection->fd, &byte, 1, MSG_PEEK) <= 0;
}

static ssize_t read_some(struct raw_connection *connection, char *data, size_t length)
{
	if (connection->ssl)
		return SSL_read(connection->ssl, data, (int)length);
	return recv(connection->fd, data, length, 0);
}

static size_t content_length(const char *head)
{
	const char *line = strcasestr(head, "\r\nContent-Length:");
	return line ? strtoul(line + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

static bool read_head(struct raw_connection *connection, struct raw_request *request)
{
	size_t length = 0;
	while (length < sizeof(request->head) - 1) {
		if (read_some(connection, request->head + length, 1) != 1)
			return false;
		request->head[++length] = '\0';
		if (length >= 4 && strcmp(request->head + length - 4, "\r\n\r\n") == 0)
			return true;
	}
	return false;
}

static bool read_body(struct raw_connection *connection, struct raw_request *request)
{
	request->body_length = content_length(request->head);
	request->body = must_alloc(request->body_length + 1);
	for (size_t have = 0; have < request->body_length;) {
		ssize_t more =
			read_some(connection, request->body + have, request->body_length - have);
		if (more <= 0)
			return false;
		have += (size_t)more;
	}
	return true;
}

static bool serve_one(struct raw_connection *connection)
{
	struct raw_request request = { .body = NULL };
	bool go_on = read_head(connection, &request) && read_body(connection, &request) &&
		     connection->server->handler(connection->server->context, connection, &request);
	free(request.body);
	return go_on;
}

static bool shake_hands(struct raw_connection *connection)
{
	if (!connection->server->tls)
		return true;
	connection->ssl = SSL_new(connection->server->tls);
	SSL_set_fd(connection->ssl, connection->fd);
	return SSL_accept(connection->ssl) == 1;
}

static void *serve_connection(void *context)
{
	struct raw_connection *connection = context;
	if (shake_hands(connection))
		while (serve_one(connection))
			;
	if (connection->ssl)
		SSL_shutdown(connection->ssl);
	shutdown(connection->fd, SHUT_RDWR);
	return NULL;
}

static void *accept_all(void *context)
{
	struct raw_server *server = context;
	int fd;
	while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct raw_connection *connection = must_alloc(sizeof(*connection));
		connection->server = server;
		connection->fd = fd;
		pthread_mutex_lock(&server->lock);
		LL_PREPEND(server->connections, connection);
		server->connection_count++;
		must(pthread_create(&connection->thread, NULL, serve_connection, connection) == 0,
		     "pthread_create");
		pthread_mutex_unlock(&server->lock);
	}
	return NULL;
}

static SSL_CTX *make_tls(const char *folder)
{
	CLEANUP_FREE char *ca = must_printf("%s/ca.crt", folder);
	CLEANUP_FREE char *certificate = must_printf("%s/tls.crt", folder);
	CLEANUP_FREE char *key = must_printf("%s/tls.key", folder);
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	must(SSL_CTX_use_certificate_chain_file(tls, certificate) == 1, certificate);
	must(SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) == 1, key);
	must(SSL_CTX_load_verify_locations(tls, ca, NULL) == 1, ca);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return tls;
}

static uint16_t listen_somewhere(struct raw_server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(server->fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	must(listen(server->fd, 64) == 0, "listen");
	must(getsockname(server->fd, (struct sockaddr *)&address, &length) == 0, "getsockname");
	return ntohs(address.sin_port);
}

struct raw_server *raw_server_new(const char *tls_folder, raw_handler *handler, void *context)
{
	struct raw_server *server = must_alloc(sizeof(*server));
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
	server->handler = handler;
	server->context = context;
	server->tls = tls_folder ? make_tls(tls_folder) : NULL;
	pthread_mutex_init(&server->lock, NULL);
	uint16_t port = listen_somewhere(server);
	server->url =
		must_printf("%s:%u", tls_folder ? "https://localhost" : "http://127.0.0.1", port);
	must(pthread_create(&server->thread, NULL, accept_all, server) == 0, "pthread_create");
	return server;
}

const char *raw_server_url(const struct raw_server *server)
{
	return server->url;
}

unsigned raw_server_connections(struct raw_server *server)
{
	pthread_mutex_lock(&server->lock);
	unsigned count = server->connection_count;
	pthread_mutex_unlock(&server->lock);
	return count;
}

void raw_server_free(struct raw_server *server)
{
	if (!server)
		return;
	shutdown(server->fd, SHUT_RDWR); /* wakes accept4() with EINVAL */
	pthread_join(server->thread, NULL);
	close(server->fd);
	struct raw_connection *connection, *next;
	LL_FOREACH_SAFE(server->connections, connection, next) {
		shutdown(connection->fd, SHUT_RDWR);
		pthread_join(connection->thread, NULL);
		SSL_free(connection->ssl);
		close(connection->fd);
		free(connection);
	}
	SSL_CTX_free(server->tls);
	pthread_mutex_destroy(&server->lock);
	free(server->url);
	free(server);
}
