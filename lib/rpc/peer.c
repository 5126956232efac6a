/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/peer.h"

#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

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

static void release_context(grpc_auth_context **context)
{
	grpc_auth_context_release(*context);
}

static int find_tls_name(grpc_call *call, const char *wanted, struct text *names)
{
	CLEANUP(release_context) grpc_auth_context *context = grpc_call_auth_context(call);
	grpc_auth_property_iterator it =
		grpc_auth_context_find_properties_by_name(context, GRPC_PEER_DNS_PROPERTY_NAME);
	const grpc_auth_property *name;
	while ((name = grpc_auth_property_iterator_next(&it))) {
		if (strcasecmp(name->value, wanted) == 0)
			return 0;
		text_printf(names, "%s\"%s\"", names->length ? ", " : "", name->value);
	}
	return -1;
}

static int identify_remote(grpc_call *call, const char *tls_name, struct rpc_peer *peer,
			   struct error *err)
{
	CLEANUP_TEXT struct text names = TEXT_INIT;
	if (find_tls_name(call, tls_name, &names) < 0)
		return error_set(err, ERROR_FORBIDDEN,
				 "the client's certificate is for %s; only \"%s\" is served here",
				 names.length ? text_string(&names) : "no DNS name", tls_name);
	peer->local = false;
	snprintf(peer->name, sizeof(peer->name), "%s", tls_name);
	return 0;
}

static void free_gpr(char **string)
{
	gpr_free(*string);
}

int rpc_peer_identify(grpc_call *call, const char *tls_name, struct rpc_peer *ret_peer,
		      struct error *err)
{
	CLEANUP(free_gpr) char *address = grpc_call_get_peer(call);
	struct ucred credentials;
	/* A socket that we accepted ourselves is called "fd:<number>" by gRPC. Should it have
	 * closed meanwhile, the name may be another caller's; nothing is decided by it. */
	if (strncmp(address, "fd:", 3) == 0)
		describe_local(atoi(address + 3), ret_peer, &credentials);
	else if (!tls_name)
		return error_set(err, ERROR_FORBIDDEN, "%s: not served here", address);
	else if (identify_remote(call, tls_name, ret_peer, err) < 0)
		return -1;
	return 0;
}
