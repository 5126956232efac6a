/* SPDX-License-Identifier: Apache-2.0 */
#include "silent_crowd.h"

#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"
#include "tls_scene.h"

#define COUNT_MAX 4096
#define PATIENCE_MS 30000

struct order {
	char address[32];
	unsigned count;
	char folder[128]; /* "": there is no client */
};

static int crowd_fd = -1;

static void take_all_descriptors(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool carry_out(const struct order *order, int *fds)
{
	struct tls_scene scene = { 0 };
	snprintf(scene.address, sizeof(scene.address), "%s", order->address);
	unsigned connected = 0;
	for (unsigned i = 0; i < order->count; i++) {
		fds[i] = tls_scene_connect(&scene);
		connected += fds[i] >= 0;
	}
	return connected == order->count &&
	       (!order->folder[0] || tls_scene_accepts(&scene, order->folder));
}

/* Carries out one order after the other; each ends when a byte comes. */
static void be_the_crowd(int fd)
{
	struct order order;
	static int fds[COUNT_MAX];
	take_all_descriptors();
	while (read(fd, &order, sizeof(order)) == sizeof(order)) {
		char byte = carry_out(&order, fds) ? 'y' : 'n';
		if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
			break;
		for (unsigned i = 0; i < order.count; i++)
			close(fds[i]);
	}
	_exit(0);
}

void silent_crowd_begin(void)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	if (fork() == 0) {
		close(pair[0]);
		be_the_crowd(pair[1]);
	}
	close(pair[1]);
	crowd_fd = pair[0];
}

bool silent_crowd_send(const char *address, unsigned count, const char *folder)
{
	struct order order = { .count = count };
	struct pollfd answer = { .fd = crowd_fd, .events = POLLIN };
	char byte = 0;
	assert_true(count <= COUNT_MAX);
	snprintf(order.address, sizeof(order.address), "%s", address);
	snprintf(order.folder, sizeof(order.folder), "%s", folder ? folder : "");
	assert_int_equal(write(crowd_fd, &order, sizeof(order)), sizeof(order));
	return poll(&answer, 1, PATIENCE_MS) == 1 && read(crowd_fd, &byte, 1) == 1 && byte == 'y';
}

void silent_crowd_send_home(void)
{
	assert_int_equal(write(crowd_fd, "", 1), 1);
}
