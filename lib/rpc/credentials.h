/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What gRPC needs of a struct rpc_tls for a channel. A server does its handshakes without gRPC,
 * rpc/door.h.
 */

#include <grpc/grpc_security.h>

struct rpc_tls;

/* With the content that is in force now. */
grpc_channel_credentials *rpc_channel_credentials_new(struct rpc_tls *tls);
