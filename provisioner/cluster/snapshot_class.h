/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A VolumeSnapshotClass: how the administrator wants snapshots to be made, and what becomes of
 * their data when they are deleted. All of it but the default mark is immutable, though a class may
 * be deleted and made again with other content.
 */

#include <stdbool.h>

#include "cluster/snapshot_names.h"
#include "kube/object.h"

struct snapshot_class {
	struct object object;
	const char *driver;
	bool delete_snapshot; /* deletionPolicy: Delete; else Retain */
	bool is_default;      /* for volumes of its driver */
	struct pairs parameters;
};

extern const struct kind snapshot_class_kind;

/* Our driver serves it. */
bool snapshot_class_is_ours(const struct snapshot_class *class);

static inline struct snapshot_class *snapshot_class_of(struct object *object)
{
	return (struct snapshot_class *)object;
}
