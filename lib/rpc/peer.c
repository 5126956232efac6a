/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/peer.h"

#include <grpc/support/alloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

static void describe_local(int fd, struct rpc_peer *peer, struct ucred *ret_credentials)
{
	struct ucred credentials = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(credentials);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
		snprintf(peer->name, sizeof(peer->name), "uid=%u pid=%d", credentials.uid,
			 credentials.pid);
	else
		snprintf(peer->name, sizeof(peer->name), "unknown");
	peer->local = true;
	*ret_credentials = credentials;
}

bool rpc_peer_may_connect(int fd, struct rpc_peer *ret_peer)
{
	struct ucred credentials;
	describe_local(fd, ret_peer, &credentials);
	return credentials.uid == 0 || credentials.uid == geteuid();
}

static void free_gpr(char **string)
{
	gpr_free(*string);
}

void rpc_peer_identify(grpc_call *call, const char *remote_name, struct rpc_peer *ret_peer)
{
	CLEANUP(free_gpr) char *address = grpc_call_get_peer(call);
	struct ucred credentials;
	*ret_peer = (struct rpc_peer) { 0 };
	/* A socket that we accepted ourselves is called "fd:<number>" by gRPC. Should it have
	 * closed meanwhile, the name may be another caller's; nothing is decided by it. */
	if (remote_name)
		snprintf(ret_peer->name, sizeof(ret_peer->name), "%s", remote_name);
	else
		describe_local(strncmp(address, "fd:", 3) == 0 ? atoi(address + 3) : -1, ret_peer,
			       &credentials);
}
