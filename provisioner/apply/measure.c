/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/measure.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/metric.h"
#include "csi/names.h"
#include "rpc/status.h"

static const double duration_buckets[] = { .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 0 };
static const double call_buckets[] = { .1, .25, .5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600, 0 };

static struct metric provision_total = {
	.name = "controller_persistentvolumeclaim_provision_total",
	.help = "Volumes provisioned for claims.",
	.type = METRIC_COUNTER,
	.labels = { "class", "source" },
};

static struct metric provision_failed_total = {
	.name = "controller_persistentvolumeclaim_provision_failed_total",
	.help = "Attempts to provision a volume that failed.",
	.type = METRIC_COUNTER,
	.labels = { "class", "source" },
};

static struct metric provision_seconds = {
	.name = "controller_persistentvolumeclaim_provision_duration_seconds",
	.help = "Time of a successful attempt to provision a volume.",
	.type = METRIC_HISTOGRAM,
	.labels = { "class", "source" },
	.buckets = duration_buckets,
};

static struct metric delete_total = {
	.name = "controller_persistentvolume_delete_total",
	.help = "Volumes deleted.",
	.type = METRIC_COUNTER,
	.labels = { "class" },
};

static struct metric delete_failed_total = {
	.name = "controller_persistentvolume_delete_failed_total",
	.help = "Attempts to delete a volume that failed.",
	.type = METRIC_COUNTER,
	.labels = { "class" },
};

static struct metric delete_seconds = {
	.name = "controller_persistentvolume_delete_duration_seconds",
	.help = "Time of a successful attempt to delete a volume.",
	.type = METRIC_HISTOGRAM,
	.labels = { "class" },
	.buckets = duration_buckets,
};

static struct metric call_seconds = {
	.name = "csi_sidecar_operations_seconds",
	.help = "Time of CSI calls, by their answer.",
	.type = METRIC_HISTOGRAM,
	.labels = { "driver_name", "method_name", "grpc_status_code" },
	.buckets = call_buckets,
};

static double seconds_since(uint64_t since_ms)
{
	return (double)(clock_monotonic_ms() - since_ms) / 1000;
}

void measure_provision(const char *class_name, uint64_t since_ms, const struct error *err)
{
	const char *const labels[] = { class_name ? class_name : "", "" };
	if (err) {
		metric_add(&provision_failed_total, labels, 1);
		return;
	}
	metric_add(&provision_total, labels, 1);
	metric_observe(&provision_seconds, labels, seconds_since(since_ms));
}

void measure_delete(const char *class_name, uint64_t since_ms, const struct error *err)
{
	const char *const labels[] = { class_name ? class_name : "" };
	if (err) {
		metric_add(&delete_failed_total, labels, 1);
		return;
	}
	metric_add(&delete_total, labels, 1);
	metric_observe(&delete_seconds, labels, seconds_since(since_ms));
}

void measure_call(const char *method, uint64_t since_ms, const struct error *err)
{
	char path[64];
	snprintf(path, sizeof(path), "/csi.v1.Controller/%s", method);
	grpc_status_code status = rpc_status_of_error(err ? err->code : ERROR_NONE);
	const char *const labels[] = { CSI_DRIVER_NAME, path, rpc_status_name(status) };
	metric_observe(&call_seconds, labels, seconds_since(since_ms));
}
