/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What becomes of a claim when its set is deleted or scaled down: spec
 * persistentVolumeClaimRetentionPolicy.
 *
 * The controller deletes no data. The claim's owner references say after whose deletion the garbage
 * collector deletes the claim:
 *
 *	whenScaled	whenDeleted	pod in range	pod scaled away
 *	Retain		Retain		none		none
 *	Retain		Delete		the set		the set
 *	Delete		Retain		none		the pod
 *	Delete		Delete		the set		the pod
 *
 * The set is the owner from the claim's creation on, so that no crash and no refused pod leaves a
 * claim behind. A reference that names the set or pod but carries another uid belongs to an earlier
 * one of that name: the claim is on its way out and is left alone. With one exception: under
 * whenScaled: Retain the reference to an earlier pod is removed, because the data is to be kept
 * now. The owners of a claim that another object controls are never changed.
 */

#include <json-c/json.h>
#include <stdbool.h>

#include "kube/claim.h"

struct statefulset;

struct retention_pod {
	const char *name;
	const char *uid; /* "": not yet created */
	bool in_range;
};

/* The owner references are as the table says, or must not be touched. */
bool retention_fits(const struct statefulset *set, const struct claim *claim,
		    const struct retention_pod *pod);

/* Another object controls the claim, so the policy cannot be kept. */
bool retention_conflicts(const struct statefulset *set, const struct claim *claim,
			 const struct retention_pod *pod);

/* The claim belongs to an earlier pod of this name, under whenScaled: Delete. The new pod must wait
 * until it is gone: its data is to be deleted. */
bool retention_claim_is_stale(const struct statefulset *set, const struct claim *claim,
			      const struct retention_pod *pod);

/* The claim belongs to an earlier set of this name, whatever the policy says now: the garbage
 * collector deletes it. A new pod must wait until it is gone, or the claim would go under the pod,
 * and its data with the pod's next restart. */
bool retention_claim_is_of_earlier_set(const struct statefulset *set, const struct claim *claim);

/* The set is an owner of each claim of its replicas. */
bool retention_set_owns(const struct statefulset *set);

/* All owner references that the claim should have; yours. */
struct json_object *retention_owners(const struct statefulset *set, const struct claim *claim,
				     const struct retention_pod *pod);
