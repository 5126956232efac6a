/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the plugin tells Prometheus besides base/metric.h's own: each call under the name that the
 * CSI sidecars use, so that existing dashboards fit, and the pools.
 */

#include <stdint.h>

#include "base/error.h"

struct pools;
struct rpc_method;

/* The gauges of each pool, read at each rendering. The pools must live as long as the metrics. */
void node_metrics_init(struct pools *pools);

/* For rpc_server_options.observe. */
void node_metrics_observe(void *context, const struct rpc_method *method, enum error_code code,
			  uint64_t duration_us);
