/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which connection has to make room when there are too many: the oldest one of the peer that has
 * the most. A peer that opens many connections displaces its own, and one that opens a single
 * connection keeps it for as long as another peer has two.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct crowd_member {
	uint64_t peer;	  /* crowd_peer() */
	uint64_t arrival; /* a number that grows with each connection: times may be equal */
};

/* What counts as one peer: an IPv4 address, or the first 64 bits of an IPv6 address, since a host
 * has all addresses of such a network. */
uint64_t crowd_peer(const struct sockaddr_storage *address);

/* The index of the member. count is at least 1. */
size_t crowd_victim(const struct crowd_member *members, size_t count);
