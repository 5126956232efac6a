/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writes in steps: a place is where a reconcile keeps the newest version of an object that it has
 * seen. A write to the object puts the answer into its place, so that the next step is planned on
 * it without waiting for the copies, and notes it for the reconciles to come (apply/written.h).
 *
 * Each step is one write. A process that ends between two of them is continued by the next one.
 */

#include <json-c/json.h>

#include "apply/applier.h"
#include "apply/written.h"

struct placer {
	const struct applier *applier;
	struct written *written;
};

/* Of a role that writes in steps (apply/role.h). Roles that write to the same objects share what
 * they have written: what one of them has made, the other one would miss. */
void *placer_begin(const struct applier *applier);
void placer_end(void *context);

/* Takes the reference `object`; NULL: the place stays as it is. */
void place_set(struct object **place, struct object *object);

/* Merge patches, for the kinds of a CustomResourceDefinition; each takes the patch. */
int place_merge(const struct placer *placer, struct object **place, struct json_object *taken,
		struct error *err);
int place_merge_status(const struct placer *placer, struct object **place,
		       struct json_object *taken, struct error *err);

/* Into an empty place. An object of that name which is there already is taken instead: it may have
 * been made by a call whose answer was lost. Takes the body. */
int place_create(const struct placer *placer, struct object **place, const struct kind *kind,
		 struct json_object *taken, struct error *err);

/* It is gone, or will be as soon as its finalizers are. The place keeps what was seen last. */
int place_delete(const struct placer *placer, const struct object *object, struct error *err);

/* What is gone needs no more: 0 for ERROR_NOT_FOUND. */
int place_gone_is_done(int r, const struct error *err);

/* Our copy lagged, another writer was faster, or the lead has ended: nothing that a user could
 * mend. */
bool place_error_passes(const struct error *err);
