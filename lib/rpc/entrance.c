/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/entrance.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/listen.h"

#define PAUSE_MS 100

static void keep_spare(struct entrance *entrance)
{
	if (entrance->spare_fd < 0)
		entrance->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int entrance_open(struct entrance *entrance, const char *address, int epoll_fd, uint16_t *ret_port,
		  struct error *err)
{
	if (listen_tcp(address, &entrance->listen_fd, ret_port, err) < 0)
		return -1;
	entrance->epoll_fd = epoll_fd;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = entrance };
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, entrance->listen_fd, &event) < 0)
		return error_errno(err, errno, "listen on %s", address);
	keep_spare(entrance);
	return 0;
}

static void pause_until(struct entrance *entrance, uint64_t until_ms)
{
	struct epoll_event event = { .events = until_ms ? 0 : EPOLLIN, .data.ptr = entrance };
	entrance->paused_until_ms = until_ms;
	epoll_ctl(entrance->epoll_fd, EPOLL_CTL_MOD, entrance->listen_fd, &event);
}

static enum entrance_outcome pause_accepting(struct entrance *entrance)
{
	pause_until(entrance, clock_monotonic_ms() + PAUSE_MS);
	return ENTRANCE_EMPTY;
}

enum entrance_outcome entrance_accept(struct entrance *entrance, int *ret_fd,
				      struct sockaddr_storage *ret_address)
{
	socklen_t length = sizeof(*ret_address);
	*ret_fd = accept4(entrance->listen_fd, (struct sockaddr *)ret_address, &length,
			  SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (*ret_fd >= 0)
		return ENTRANCE_ACCEPTED;
	switch (errno) {
	case EAGAIN:
	case EINVAL: /* shut */
		return ENTRANCE_EMPTY;
	case EMFILE:
	case ENFILE:
		return ENTRANCE_FULL;
	case ENOMEM:
	case ENOBUFS:
		return pause_accepting(entrance);
	default:
		return ENTRANCE_AGAIN; /* errors of that connection (accept(2)) */
	}
}

void entrance_turn_away(struct entrance *entrance)
{
	if (entrance->spare_fd < 0) {
		pause_accepting(entrance);
		return;
	}
	close(entrance->spare_fd);
	entrance->spare_fd = -1;
	int fd = accept4(entrance->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	else
		pause_accepting(entrance);
	keep_spare(entrance);
}

void entrance_tick(struct entrance *entrance, uint64_t now_ms)
{
	keep_spare(entrance);
	if (entrance->paused_until_ms && now_ms >= entrance->paused_until_ms)
		pause_until(entrance, 0);
}

void entrance_shut(struct entrance *entrance)
{
	epoll_ctl(entrance->epoll_fd, EPOLL_CTL_DEL, entrance->listen_fd, NULL);
	shutdown(entrance->listen_fd, SHUT_RDWR);
}

void entrance_close(struct entrance *entrance)
{
	if (entrance->listen_fd >= 0)
		close(entrance->listen_fd);
	if (entrance->spare_fd >= 0)
		close(entrance->spare_fd);
}
