/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Finds out whether a TLS port of this process serves, by connecting to it as a client does.
 */

#include <sys/socket.h>

#include "base/error.h"

/* What the caller learns of the dial: its own address, before the server sees the connection. */
struct dial_watch {
	void (*bound)(void *context, const struct sockaddr_storage *own);
	void *context;
};

/* Does the TLS handshake up to the point where a client presents its certificate; we have none that
 * the server accepts. address: what the port is bound to. -1 also if it takes longer than the
 * time. */
int dial_tls(const struct sockaddr_storage *address, unsigned timeout_ms,
	     const struct dial_watch *watch, struct error *err);
