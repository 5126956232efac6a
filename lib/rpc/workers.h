/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A few threads that run what may block, first come first served.
 */

#include "base/error.h"

struct rpc_workers;

/* One piece of work; part of whatever it is about. */
struct rpc_work {
	void (*run)(struct rpc_work *work);
	struct rpc_work *next;
};

int rpc_workers_new(unsigned count, struct rpc_workers **ret_workers, struct error *err);
void rpc_workers_add(struct rpc_workers *workers, struct rpc_work *work);

/* Runs what is still waiting, then ends the threads. */
void rpc_workers_free(struct rpc_workers *workers);
