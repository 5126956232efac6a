/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * gRPC core as a whole: it starts with the first hold, ends with the last release, and its messages
 * go to base/log.h. Every server and channel holds it.
 *
 * Peers can make gRPC log (a port scan, a certificate of another CA), and make us log about callers
 * that we refuse. Such lines are limited to ten in ten seconds.
 */

#include <stdatomic.h>
#include <stdbool.h>

void rpc_library_hold(void);
void rpc_library_release(void);

/* One for each kind of line, zeroed, static. */
struct rpc_log_gate {
	atomic_llong window;
	atomic_uint lines;
	atomic_uint dropped;
};

/* Whether the line may be written now; *ret_dropped: how many were not since the last one. */
bool rpc_log_gate_passes(struct rpc_log_gate *gate, unsigned *ret_dropped);
