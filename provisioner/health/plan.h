/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a claim's status should say of its volume's health (core/v1 VolumeHealthStatus). Pure.
 *
 * A claim is written only when the set of (status, reason) changes: a text that changes by itself,
 * such as a number of bytes, is no change, so nothing is written while nothing happens.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "csi/health_client.h"
#include "kube/claim.h"

struct health_plan {
	struct csi_health_condition conditions[CLAIM_HEALTH_MAX];
	size_t count;
	const char *set; /* claim_health_join() of them */
};

/* What is valid of an answer: without repetitions, within the bounds of the API. The plan lives in
 * the arena and borrows from the answer. */
void health_plan(const struct csi_health_condition *conditions, size_t count, struct arena *arena,
		 struct health_plan *ret_plan);

/* "Degraded". */
const char *health_status_name(enum csi_health_status status);

bool health_differs(const char *set, const char *other);

/* A strategic merge patch of the claim's status, for this resource version alone; yours. The whole
 * field is replaced: the API server would merge conditions of the same status. */
struct json_object *health_patch(const struct claim *claim, const struct health_plan *plan,
				 int64_t now_s);

/* The messages, for an event; "" if there is none. */
const char *health_text(const struct health_plan *plan, struct arena *arena);
