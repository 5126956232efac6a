/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changes to an object's finalizers and annotations, as patches for the API. Pure.
 *
 * Additions are merge patches that hold for one resource version alone: they are made because of
 * what the object was when we looked, so a newer one must be looked at again (ERROR_CONFLICT).
 *
 * Removals are JSON patches (RFC 6902) that test what they remove and nothing else, so they do not
 * collide with other writers of the object. One that does not fit is ERROR_INVALID: read again.
 */

#include <json-c/json.h>

#include "kube/object.h"

/* Merge patches; annotation may be NULL. */
struct json_object *metadata_patch_add(const struct object *object, const char *finalizer,
				       const char *annotation, const char *value);

/* A merge patch that sets the annotation alone, for one resource version as the others. */
struct json_object *metadata_patch_annotate(const struct object *object, const char *annotation,
					    const char *value);

/* An empty removal, for this very object (uid). */
struct json_object *metadata_patch_new(const struct object *object);

/* Add to it; nothing happens if the object has no such thing. */
void metadata_patch_remove_finalizer(struct json_object *patch, const struct object *object,
				     const char *finalizer);
void metadata_patch_remove_annotation(struct json_object *patch, const struct object *object,
				      const char *annotation);

/* A strategic merge patch, for built-in kinds: takes the finalizer off this very object (uid) by
 * its value, so that another writer who takes off another one meanwhile does not collide with it.
 */
struct json_object *metadata_patch_drop_finalizer(const struct object *object,
						  const char *finalizer);

/* Nothing was added to it. */
bool metadata_patch_is_empty(const struct json_object *patch);
