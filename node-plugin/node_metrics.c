/* SPDX-License-Identifier: Apache-2.0 */
#include "node_metrics.h"

#include <stdio.h>

#include "base/metric.h"
#include "csi/names.h"
#include "pool/pools.h"
#include "pool/room.h"
#include "rpc/server.h"
#include "rpc/status.h"

/* As csi-lib-utils has them. */
static const double seconds_buckets[] = {
	.1, .25, .5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600, 0
};

static struct metric operations = {
	.name = "csi_plugin_operations_seconds",
	.help = "Duration of the CSI calls that this plugin served.",
	.type = METRIC_HISTOGRAM,
	.labels = { "driver_name", "method_name", "grpc_status_code" },
	.buckets = seconds_buckets,
};

static struct metric pool_size = {
	.name = "kentledge_pool_size_bytes",
	.help = "Size of the pool's file system.",
	.type = METRIC_GAUGE,
	.labels = { "pool" },
};

static struct metric pool_available = {
	.name = "kentledge_pool_available_bytes",
	.help = "What may still be promised to volumes.",
	.type = METRIC_GAUGE,
	.labels = { "pool" },
};

static struct metric pool_promised = {
	.name = "kentledge_pool_promised_bytes",
	.help = "Sum of the sizes of all volumes.",
	.type = METRIC_GAUGE,
	.labels = { "pool" },
};

static struct metric volumes = {
	.name = "kentledge_pool_volumes",
	.help = "Volumes in the pool.",
	.type = METRIC_GAUGE,
	.labels = { "pool" },
};

static struct metric pool_up = {
	.name = "kentledge_pool_up",
	.help = "1: the pool is there and can be written to; 0: its disk is missing or fails.",
	.type = METRIC_GAUGE,
	.labels = { "pool" },
};

static struct metric pool_reserved = {
	.name = "kentledge_pool_reserve_bytes",
	.help = "Part of the pool's disk that is never promised to volumes.",
	.type = METRIC_GAUGE,
	.labels = { "pool" },
};

static struct metric pool_shares = {
	.name = "kentledge_pool_shares_node_disk",
	.help = "1: the pool lies on the file system of the node's root or of the kubelet; 0: it "
		"has "
		"one of its own.",
	.type = METRIC_GAUGE,
	.labels = { "pool" },
};

static struct metric figures_age = {
	.name = "kentledge_pool_figures_age_seconds",
	.help = "Time since the pool's figures were read; it grows while its disk hangs.",
	.type = METRIC_GAUGE,
	.labels = { "pool" },
};

static void collect_missing(void *context, const char *name, const char *reason)
{
	const char *values[] = { name };
	metric_set(&pool_up, values, 0);
}

void node_metrics_missing(struct pools *pools)
{
	pools_visit_missing(pools, collect_missing, NULL);
}

void node_metrics_pool(struct pool *pool)
{
	const char *values[] = { pool->site.name };
	struct capacity_space space;
	metric_set(&pool_shares, values, pool->shares_disk);
	if (pool_space(pool, &space, NULL) < 0)
		return;
	metric_set(&pool_size, values, (double)space.total_bytes);
	metric_set(&pool_available, values, (double)capacity_room(&space));
	metric_set(&pool_reserved, values, (double)space.reserve_bytes);
	metric_set(&pool_promised, values, (double)space.promised_bytes);
	metric_set(&volumes, values, (double)pool_volume_count(pool));
}

void node_metrics_pool_up(const char *name, bool up, double age_s)
{
	const char *values[] = { name };
	metric_set(&pool_up, values, up);
	metric_set(&figures_age, values, age_s);
}

void node_metrics_observe(void *context, const struct rpc_method *method, enum error_code code,
			  uint64_t duration_us)
{
	char name[128] = "unknown";
	if (method)
		snprintf(name, sizeof(name), "/%s/%s", method->service, method->name);
	const char *values[] = { CSI_DRIVER_NAME, name,
				 rpc_status_name(rpc_status_of_error(code)) };
	metric_observe(&operations, values, (double)duration_us / 1e6);
}
