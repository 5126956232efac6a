/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writes what is wrong with a volume where the user of its claim reads it: in the claim's status,
 * or by an event where the API server does not keep that field (feature gate CSIVolumeHealth).
 */

#include <stdatomic.h>

#include "apply/applier.h"
#include "health/memory.h"
#include "health/plan.h"

/* Whether the API server keeps the field, as all workers see it. */
struct health_field {
	atomic_uint_least64_t dropped_until_ms; /* 0: it keeps it, or that is not known */
};

#define HEALTH_DROPPED_MS (60 * 60 * 1000)

/* One volume of the node. */
struct health_report {
	const struct claim *claim;
	struct memory_volume *volume; /* NULL: nothing is remembered, and nothing is wrong */
	const struct health_plan *plan;
};

/* 0, or -1; a claim that is gone needs no more. Writes nothing where nothing changed. */
int health_apply(const struct applier *applier, struct health_field *field,
		 const struct health_report *report, struct error *err);
