/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who is calling: a process on this node, known by the kernel (SO_PEERCRED), or a program across
 * the network, known by a DNS name in its certificate. Each has a gRPC server of its own, and the
 * name was checked before that server got the connection (rpc/door.h).
 */

#include <grpc/grpc.h>
#include <stdbool.h>

struct rpc_peer {
	bool local;
	char name[64]; /* "uid=0 pid=17", or the DNS name */
};

/* remote_name: the name that all callers of the server have; NULL: they are local. */
void rpc_peer_identify(grpc_call *call, const char *remote_name, struct rpc_peer *ret_peer);

/* Whether the process at the other end of the socket may call: it must run as root or as our own
 * user. */
bool rpc_peer_may_connect(int fd, struct rpc_peer *ret_peer);
