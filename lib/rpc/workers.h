/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A few threads that run what may block.
 *
 * Work comes in lanes (rpc/method.h). Within a lane it is first come, first served. A quarter of
 * the threads, at least one, is kept for the quick lane, so that work of the other lanes, however
 * long it takes, never makes quick work wait. At most a quarter of the threads runs work of the
 * long lane. The work that waits in the ordinary and the long lane is bounded.
 */

#include <stdbool.h>

#include "base/error.h"
#include "rpc/method.h"

struct rpc_workers;

/* One piece of work; part of whatever it is about. */
struct rpc_work {
	void (*run)(struct rpc_work *work);
	enum rpc_lane lane;
	struct rpc_work *next;
};

/* count: threads, at least two. waiting_max: pieces of work that wait in the ordinary and the long
 * lane together. */
int rpc_workers_new(unsigned count, unsigned waiting_max, struct rpc_workers **ret_workers,
		    struct error *err);

/* False: too much of it waits already, and the work is not taken. Quick work is always taken. */
bool rpc_workers_add(struct rpc_workers *workers, struct rpc_work *work);

/* Runs what is still waiting, then ends the threads. */
void rpc_workers_free(struct rpc_workers *workers);
