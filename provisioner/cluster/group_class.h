/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A VolumeGroupSnapshotClass: how the administrator wants group snapshots to be made, and what
 * becomes of their data when they are deleted. All of it but the default mark is immutable, though
 * a class may be deleted and made again with other content.
 */

#include <stdbool.h>

#include "cluster/group_names.h"
#include "kube/object.h"

struct group_class {
	struct object object;
	const char *driver;
	bool delete_group; /* deletionPolicy: Delete; else Retain */
	bool is_default;   /* for volumes of its driver */
	struct pairs parameters;
};

extern const struct kind group_class_kind;

/* Our driver serves it. */
bool group_class_is_ours(const struct group_class *class);

static inline struct group_class *group_class_of(struct object *object)
{
	return (struct group_class *)object;
}
