/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

static void free_context(SSL_CTX **context)
{
	SSL_CTX_free(*context);
}

static void free_ssl(SSL **ssl)
{
	SSL_free(*ssl);
}

/* A wildcard address is reached by loopback. */
static void make_reachable(struct sockaddr_storage *address)
{
	struct sockaddr_in *inet = (void *)address;
	struct sockaddr_in6 *inet6 = (void *)address;
	if (address->ss_family == AF_INET && inet->sin_addr.s_addr == htonl(INADDR_ANY))
		inet->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&inet6->sin6_addr))
		inet6->sin6_addr = in6addr_loopback;
}

static void set_port(struct sockaddr_storage *address, in_port_t port)
{
	if (address->ss_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)address)->sin6_port = port;
	else
		((struct sockaddr_in *)(void *)address)->sin_port = port;
}

/* To the address that it dials, which is one of this machine, and a free port of it: so it is known
 * before the connection where that comes from. */
static int bind_to(int fd, const struct sockaddr_storage *address, const struct dial_watch *watch)
{
	struct sockaddr_storage own = *address;
	socklen_t length = sizeof(own);
	set_port(&own, 0);
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &length) < 0)
		return -1;
	watch->bound(watch->context, &own);
	return 0;
}

static int wait_for(int fd, short events, uint64_t deadline_ms, struct error *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	uint64_t now_ms = clock_monotonic_ms();
	if (now_ms < deadline_ms && poll(&poll_fd, 1, (int)(deadline_ms - now_ms)) > 0)
		return 0;
	return error_set(err, ERROR_TIMEOUT, "the TCP port does not answer");
}

static int connect_to(const struct sockaddr_storage *address, uint64_t deadline_ms,
		      const struct dial_watch *watch, int *ret_fd, struct error *err)
{
	struct sockaddr_storage to = *address;
	int problem = 0;
	socklen_t length = sizeof(problem);
	make_reachable(&to);
	CLEANUP_CLOSE int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind_to(fd, &to, watch) < 0)
		return error_errno(err, errno, "dial the TCP port");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		return error_errno(err, errno, "dial the TCP port");
	if (wait_for(fd, POLLOUT, deadline_ms, err) < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length) == 0 && problem)
		return error_errno(err, problem, "dial the TCP port");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int shake(SSL *ssl, int fd, uint64_t deadline_ms, struct error *err)
{
	for (;;) {
		ERR_clear_error();
		int result = SSL_connect(ssl);
		if (result == 1)
			return 0;
		int problem = SSL_get_error(ssl, result);
		if (problem != SSL_ERROR_WANT_READ && problem != SSL_ERROR_WANT_WRITE) {
			ERR_clear_error();
			return error_set(err, ERROR_UNAVAILABLE,
					 "the TCP port fails its TLS handshakes");
		}
		if (wait_for(fd, problem == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline_ms,
			     err) < 0)
			return -1;
	}
}

int dial_tls(const struct sockaddr_storage *address, unsigned timeout_ms,
	     const struct dial_watch *watch, struct error *err)
{
	uint64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
	CLEANUP_CLOSE int fd = -1;
	CLEANUP(free_context) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (!context)
		return error_set(err, ERROR_INTERNAL, "TLS: no memory");
	/* With TLS 1.3 a client is through before it learns what became of its certificate. */
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x02h2", 3);
	CLEANUP(free_ssl) SSL *ssl = SSL_new(context);
	if (!ssl)
		return error_set(err, ERROR_INTERNAL, "TLS: no memory");
	if (connect_to(address, deadline_ms, watch, &fd, err) < 0)
		return -1;
	SSL_set_fd(ssl, fd);
	return shake(ssl, fd, deadline_ms, err);
}
