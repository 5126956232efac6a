/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The real transport: requests to the API server by http/client.h.
 */

#include "kube/transport.h"

/* The client stays the caller's. */
struct kube_transport http_transport(struct http_client *client);
