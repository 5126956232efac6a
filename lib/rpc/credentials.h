/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What gRPC wants to see of a struct rpc_tls at the two ends of a connection.
 */

#include <grpc/grpc_security.h>
#include <stdint.h>

struct rpc_tls;

/* Tells gRPC when there are new certificates. Lives as long as the server that uses it. */
struct rpc_credential_source {
	struct rpc_tls *tls;
	uint64_t generation; /* that gRPC has; 0: none yet */
};

/* Looks at the files before each handshake, so new connections use what is there. A client without
 * a certificate of the CA does not get past the handshake. */
grpc_server_credentials *rpc_server_credentials_new(struct rpc_credential_source *source);

/* With the content that is in force now. */
grpc_channel_credentials *rpc_channel_credentials_new(struct rpc_tls *tls);
