/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changes to the status of a claim, as strategic merge patches. Pure.
 *
 * A patch holds for one resource version alone (ERROR_CONFLICT). The API merges the list of
 * conditions by their types, so a patch touches the conditions that it names and no others: those
 * of other roles and of other writers stay.
 */

#include <json-c/json.h>
#include <stdbool.h>

#include "kube/claim.h"

/* An empty one, yours. For a PersistentVolume too. */
struct json_object *status_patch_new(const struct object *object);

struct status_condition {
	enum claim_condition type;
	const char *reason;  /* NULL: stays as it is */
	const char *message; /* NULL: stays as it is */
	bool changed; /* lastTransitionTime is now; as where the claim does not have it yet */
	bool probed;  /* lastProbeTime is now */
};

/* Sets it to True. */
void status_patch_set_condition(struct json_object *patch, const struct claim *claim,
				const struct status_condition *condition);

/* Removes those of these CLAIM_… bits that the claim has. */
void status_patch_drop_conditions(struct json_object *patch, const struct claim *claim,
				  unsigned which);
