/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a server is made of (rpc/server.h): its methods, and how much of its calls it takes.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "rpc/method.h"

struct rpc_server_options {
	const struct rpc_method *methods; /* borrowed, outlives the server */
	size_t method_count;
	void *context;		  /* rpc_call_context() */
	unsigned workers;	  /* a quarter, at least one, is kept for quick calls */
	size_t message_bytes_max; /* 0: gRPC's own 4 MiB; larger ones get RESOURCE_EXHAUSTED */

	/* After each call of the table, before the answer, in its worker or, where the call was
	 * refused since too many wait, in the poller; may be NULL. The time counts from the
	 * arrival, waiting for a worker included. */
	void (*observe)(void *context, const struct rpc_method *method, enum error_code code,
			uint64_t duration_us);
};
