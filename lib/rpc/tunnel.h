/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One client's connection: TLS on the outer side, and on the inner side a pair of unix sockets, of
 * which gRPC has the other end and reads plain HTTP/2 from it. Its states:
 *
 *	silent --> handshake --> open --> closing --> over
 *
 * A silent connection has sent nothing yet, and costs no more than this struct. gRPC gets its
 * socket when the handshake has shown a certificate that is served. An open tunnel moves bytes in
 * both directions and never waits: what one side has sent and the other does not take yet is held,
 * one TLS record (16 KiB) a direction at most, and nothing more is read from the sender until it
 * is taken. An end of one side is passed on to the other behind the bytes that precede it.
 *
 * Both sockets are watched by edge (EPOLLET); an end's flags hold what epoll said and no system
 * call has contradicted since.
 */

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crowd.h"

#define TUNNEL_NAME_MAX 64

enum tunnel_state {
	TUNNEL_SILENT,
	TUNNEL_SHAKING,
	TUNNEL_OPEN,
	TUNNEL_CLOSING, /* the server has ended it; until the client has read that, or deadline_ms
			 */
	TUNNEL_OVER,
};

struct tunnel_end {
	struct tunnel *tunnel;
	int fd; /* -1: none */
	bool readable, writable;
};

/* One direction. */
struct tunnel_flow {
	unsigned char *held; /* read and not written yet; NULL: nothing */
	size_t length, offset;
	bool source_ended, sink_ended;
};

struct tunnel {
	struct tunnel *next;
	enum tunnel_state state;
	struct tunnel_end outer, inner;
	SSL *ssl;
	struct tunnel_flow in, out; /* towards gRPC, towards the client */
	struct crowd_member member;
	uint64_t deadline_ms;	    /* of states before and after open */
	uint64_t moved_ms;	    /* when the last bytes moved */
	bool again;		    /* there is more to move, without another event */
	char name[TUNNEL_NAME_MAX]; /* the client's address */
};

/* Takes the socket. */
struct tunnel *tunnel_new(int fd);
void tunnel_end(struct tunnel *tunnel); /* closes both sockets; it is over */
void tunnel_free(struct tunnel *tunnel);

/* Takes the TLS of a silent tunnel. */
void tunnel_begin(struct tunnel *tunnel, SSL *ssl);

/* 1: the handshake is done; 0: it goes on when there is an event; -1: it failed. */
int tunnel_shake(struct tunnel *tunnel);

/* Makes the pair of sockets; *ret_fd is gRPC's end. -1: errno says why. */
int tunnel_open(struct tunnel *tunnel, int *ret_fd);

/* Moves what can be moved, a bounded amount; afterwards `again` says whether there may be more. */
void tunnel_move(struct tunnel *tunnel, uint64_t now_ms);
