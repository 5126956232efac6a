/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a set's status should say, counted from one list of its pods at one moment. The API refuses
 * counts that cannot be true together (ready pods above all pods), so they are never put together
 * from different moments.
 */

#include <json-c/json.h>
#include <stdbool.h>

#include "set/statefulset.h"

struct pod;

/* Adds the pod to the counts; the revisions in *status are named already. */
void status_count(struct statefulset_status *status, const struct pod *pod, int32_t min_ready_s,
		  int64_t now_ms);

/* All replicas are there, ready and of the update revision: it becomes the current one. A set of no
 * replicas with a partition shows nothing of the kind: the pods that it makes next below the
 * partition are of the revision that is current now. */
void status_promote(struct statefulset_status *status, const struct statefulset *set);

/* It says something that the set's own status does not. A collision count alone does not. */
bool status_differs(const struct statefulset_status *status, const struct statefulset *set);

/* The strategic merge patch that writes it, guarded by the resource version that was read; yours.
 */
struct json_object *status_patch(const struct statefulset_status *status,
				 const struct statefulset *set);
