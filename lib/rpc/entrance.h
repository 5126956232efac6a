/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A listening TCP socket that keeps accepting when descriptors or memory run out.
 *
 * Without a free descriptor accept(2) fails and the client stays in the backlog, where it keeps
 * later ones out. The owner then frees a descriptor, or turns the client away by means of one that
 * is kept for this: it is closed, the client accepted and closed, and it is opened again. When
 * memory is short the entrance pauses. It is watched by an epoll instance of its owner.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

struct entrance {
	int listen_fd;
	int epoll_fd;		  /* borrowed */
	int spare_fd;		  /* -1: it could not be opened again */
	uint64_t paused_until_ms; /* 0: it accepts */
};

enum entrance_outcome {
	ENTRANCE_ACCEPTED,
	ENTRANCE_EMPTY, /* until there is an event */
	ENTRANCE_FULL,	/* no descriptor is free */
	ENTRANCE_AGAIN, /* a client has gone by itself */
};

/* Listens; the event's data.ptr is the entrance. ret_port may be NULL. */
int entrance_open(struct entrance *entrance, const char *address, int epoll_fd, uint16_t *ret_port,
		  struct error *err);
enum entrance_outcome entrance_accept(struct entrance *entrance, int *ret_fd,
				      struct sockaddr_storage *ret_address);

/* Accepts the next client and closes its connection, without a free descriptor. */
void entrance_turn_away(struct entrance *entrance);

/* From time to time: ends a pause, opens the spare descriptor if it is not. */
void entrance_tick(struct entrance *entrance, uint64_t now_ms);

/* Clients in the backlog, and those that come, are refused. Thread-safe. */
void entrance_shut(struct entrance *entrance);
void entrance_close(struct entrance *entrance);
