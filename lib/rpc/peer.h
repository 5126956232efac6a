/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who is calling: a process on this node, known by the kernel (SO_PEERCRED), or a program across
 * the network, known by a DNS name in its certificate. gRPC has checked the certificate against
 * the CA before a call exists; the name is checked here.
 */

#include <grpc/grpc.h>
#include <stdbool.h>

#include "base/error.h"

struct rpc_peer {
	bool local;
	char name[64]; /* "uid=0 pid=17", or the DNS name */
};

/* tls_name: the one DNS name that is served over TLS. ERROR_FORBIDDEN for any other. */
int rpc_peer_identify(grpc_call *call, const char *tls_name, struct rpc_peer *ret_peer,
		      struct error *err);

/* Whether the process at the other end of the socket may call: root, or who we are ourselves. */
bool rpc_peer_may_connect(int fd, struct rpc_peer *ret_peer);
