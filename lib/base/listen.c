/* SPDX-License-Identifier: Apache-2.0 */
#include "base/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/text.h"

DEFINE_CLEANUP(struct addrinfo *, freeaddrinfo);

static bool is_port(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 5 &&
	       atoi(text) <= 65535;
}

/* Cuts "host:port" in two; *ret_host is yours, empty for all addresses. */
static int split_address(const char *address, char **ret_host, const char **ret_port,
			 struct error *err)
{
	const char *colon = strrchr(address, ':');
	if (!colon || !is_port(colon + 1))
		return error_set(err, ERROR_INVALID,
				 "\"%s\" is not an address: write :PORT, HOST:PORT or [IPV6]:PORT",
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
	CLEANUP_FREE char *host = NULL;
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
	CLEANUP_CLOSE int fd =
		socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
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
	CLEANUP(freeaddrinfop) struct addrinfo *list = NULL;
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
	union {
		struct sockaddr any;
		struct sockaddr_in inet;
		struct sockaddr_in6 inet6;
	} address = { 0 };
	socklen_t length = sizeof(address);
	if (getsockname(fd, &address.any, &length) < 0)
		return error_errno(err, errno, "getsockname");
	bool is_inet6 = address.any.sa_family == AF_INET6;
	*ret_port = ntohs(is_inet6 ? address.inet6.sin6_port : address.inet.sin_port);
	return 0;
}

int listen_tcp(const char *address, int *ret_fd, uint16_t *ret_port, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	uint16_t port;
	if (open_socket(address, &fd, err) < 0 || port_of(fd, &port, err) < 0)
		return -1;
	if (ret_port)
		*ret_port = port;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
