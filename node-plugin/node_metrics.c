/* SPDX-License-Identifier: Apache-2.0 */
#include "node_metrics.h"

#include <stdio.h>

#include "base/metric.h"
#include "csi/names.h"
#include "pool.h"
#include "rpc/server.h"
#include "rpc/status.h"

/* As csi-lib-utils has them. */
static const double seconds_buckets[] = {
	.1, .25, .5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600, 0
};

static struct metric operations = {
	.name = "csi_plugin_operations_seconds",
	.help = "Duration of the CSI calls that this plugin served",
	.type = METRIC_HISTOGRAM,
	.labels = { "driver_name", "method_name", "grpc_status_code" },
	.buckets = seconds_buckets,
};

static struct metric pool_total = {
	.name = "kentledge_pool_bytes_total",
	.help = "Size of the pool's file system",
	.type = METRIC_GAUGE,
};

static struct metric pool_free = {
	.name = "kentledge_pool_bytes_free",
	.help = "What may still be promised to volumes",
	.type = METRIC_GAUGE,
};

static struct metric pool_promised = {
	.name = "kentledge_pool_bytes_promised",
	.help = "Sum of the sizes of all volumes",
	.type = METRIC_GAUGE,
};

static struct metric volumes = {
	.name = "kentledge_volumes",
	.help = "Volumes in the pool",
	.type = METRIC_GAUGE,
};

static void collect(void *context)
{
	struct pool *pool = context;
	struct capacity_space space;
	if (pool_space(pool, &space, NULL) < 0)
		return;
	metric_set(&pool_total, NULL, (double)space.total_bytes);
	metric_set(&pool_free, NULL, (double)capacity_room(&space));
	metric_set(&pool_promised, NULL, (double)space.promised_bytes);
	metric_set(&volumes, NULL, (double)pool_volume_count(pool));
}

void node_metrics_init(struct pool *pool)
{
	metric_on_collect(collect, pool);
}

/* As grpc-go spells codes.Code. */
static const char *status_name(grpc_status_code status)
{
	static const char *const names[] = {
		"OK",
		"Canceled",
		"Unknown",
		"InvalidArgument",
		"DeadlineExceeded",
		"NotFound",
		"AlreadyExists",
		"PermissionDenied",
		"ResourceExhausted",
		"FailedPrecondition",
		"Aborted",
		"OutOfRange",
		"Unimplemented",
		"Internal",
		"Unavailable",
		"DataLoss",
		"Unauthenticated",
	};
	size_t count = sizeof(names) / sizeof(*names);
	return (size_t)status < count ? names[status] : "Unknown";
}

void node_metrics_observe(void *context, const struct rpc_method *method, enum error_code code,
			  uint64_t duration_us)
{
	char name[128] = "unknown";
	if (method)
		snprintf(name, sizeof(name), "/%s/%s", method->service, method->name);
	const char *values[] = { CSI_DRIVER_NAME, name, status_name(rpc_status_of_error(code)) };
	metric_observe(&operations, values, (double)duration_us / 1e6);
}
