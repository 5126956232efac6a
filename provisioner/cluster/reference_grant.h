/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A ReferenceGrant (Gateway API): lets objects of other namespaces refer to objects of its own
 * namespace. A claim may be made from a source in another namespace where one of these allows it
 * there, and the gate CrossNamespaceVolumeDataSource is on
 * (docs/decisions/0033-sources-in-other-namespaces.md).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "kube/object.h"
#include "kube/object_store.h"

/* Who may refer. */
struct grant_from {
	const char *group; /* "" for core */
	const char *kind;
	const char *namespace;
};

/* To what. */
struct grant_to {
	const char *group;
	const char *kind;
	const char *name; /* NULL: all of the kind */
};

struct reference_grant {
	struct object object;
	struct grant_from *from;
	size_t from_count;
	struct grant_to *to;
	size_t to_count;
};

extern const struct kind reference_grant_kind;

/* A PersistentVolumeClaim of that namespace may refer to the object, which is in the grant's own
 * namespace. object->name is not NULL. */
bool reference_grant_allows(const struct reference_grant *grant, const char *claim_namespace,
			    const struct grant_to *object);

/* Groups grants by their namespace. */
object_index_fn reference_grant_index;

static inline struct reference_grant *reference_grant_of(struct object *object)
{
	return (struct reference_grant *)object;
}
