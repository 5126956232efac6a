/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The provisioner's metrics, under the names that dashboards of the CSI sidecars use.
 */

#include <stdint.h>

#include "base/error.h"

/* One attempt at a claim or a volume; err NULL: it succeeded. since_ms on the monotonic clock. */
void measure_provision(const char *class_name, uint64_t since_ms, const struct error *err);
void measure_delete(const char *class_name, uint64_t since_ms, const struct error *err);

/* One CSI call; method: "CreateVolume"; err NULL: OK. */
void measure_call(const char *method, uint64_t since_ms, const struct error *err);
