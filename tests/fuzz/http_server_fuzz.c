/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from the network to the server of health and metrics: whatever they are, the answer is
 * HTTP or nothing, and the server goes on.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "http/server.h"

#define ANSWER_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint16_t server_port(void)
{
	static struct http_server *server; /* as long as the process */
	if (!server) {
		const struct http_server_options options = { .address = "127.0.0.1:0" };
		require(http_server_new(&options, &server, NULL) == 0);
	}
	return http_server_port(server);
}

static int connect_to_server(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(server_port()),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(fd >= 0);
	require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

/* All that the server says until it closes; a reset counts as its end. */
static size_t read_answer(int fd, char answer[static ANSWER_MAX])
{
	size_t length = 0;
	for (ssize_t n = 1; n > 0 && length<ANSWER_MAX - 1; length += n> 0 ? (size_t)n : 0)
		n = recv(fd, answer + length, ANSWER_MAX - 1 - length, 0);
	answer[length] = '\0';
	return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char answer[ANSWER_MAX];
	CLEANUP_CLOSE int fd = connect_to_server();
	if (size)
		send(fd, data, size, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	size_t length = read_answer(fd, answer);
	require(length == 0 || strncmp(answer, "HTTP/1.1 ", 9) == 0);
	require(length == 0 || strstr(answer, "\r\n\r\n"));
	if (strncmp(answer, "HTTP/1.1 200", 12) == 0)
		require(size > 4 &&
			(memcmp(data, "GET /", 5) == 0 || memcmp(data, "HEAD ", 5) == 0));
	return 0;
}
