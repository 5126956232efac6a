/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The plugin's metrics besides those of base/metric.h: each call under the name that the CSI
 * sidecars use, so that existing dashboards fit, and the pools.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct pool;
struct pools;
struct rpc_method;

/* Reads and sets the gauges of a pool, and of those that are missing. The disk may hang. */
void node_metrics_pool(struct pool *pool);
void node_metrics_missing(struct pools *pools);

/* Whether the pool works, and how old its gauges are. */
void node_metrics_pool_up(const char *name, bool up, double age_s);

/* For rpc_server_options.observe. */
void node_metrics_observe(void *context, const struct rpc_method *method, enum error_code code,
			  uint64_t duration_us);
