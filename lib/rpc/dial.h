/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Finds out whether a TLS port of this process serves, by connecting to it as a client does.
 */

#include <sys/socket.h>

#include "base/error.h"

/* What the caller wants to know of the dial: from where it comes, before the server can see it. */
struct dial_watch {
	void (*bound)(void *context, const struct sockaddr_storage *own);
	void *context;
};

/* Shakes hands up to the point where a client presents its certificate; we have none that is
 * served. address: what the port is bound to. -1 also if it takes longer than the time. */
int dial_tls(const struct sockaddr_storage *address, unsigned timeout_ms,
	     const struct dial_watch *watch, struct error *err);
