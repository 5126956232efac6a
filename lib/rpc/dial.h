/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Finds out whether a TLS port of this process serves, by connecting to it as a client does.
 */

#include <stdatomic.h>
#include <sys/socket.h>

#include "base/error.h"

/* Shakes hands up to the point where a client presents its certificate; we have none that is
 * served. address: what the port is bound to. *ret_port is the port we come from, set before the
 * server can see us. -1 also if it takes longer than the time. */
int dial_tls(const struct sockaddr_storage *address, unsigned timeout_ms, atomic_uint *ret_port,
	     struct error *err);
