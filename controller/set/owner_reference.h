/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An entry of metadata.ownerReferences, as JSON: the object's controller, or an owner after whose
 * deletion the garbage collector deletes the object. All results are yours.
 */

#include "set/statefulset.h"

/* With controller and blockOwnerDeletion true. */
struct json_object *owner_reference(const char *api_version, const char *kind, const char *name,
				    const char *uid);

struct json_object *owner_reference_to_set(const struct statefulset *set);

/* The whole list of an object that belongs to the set alone. */
struct json_object *owner_references_to_set(const struct statefulset *set);
