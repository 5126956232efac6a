/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A VolumeSnapshotContent: the cluster's record of a snapshot, whose data is on one node. It is
 * there for one VolumeSnapshot, which it names.
 *
 * Its source is one of two. Dynamic: a volume's handle; the snapshot is to be made.
 * Pre-provisioned: a snapshot's handle; the snapshot exists, and an administrator made the content
 * for it.
 *
 * deletionPolicy may change at any time, and its value when the content is deleted counts.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cluster/snapshot_error.h"
#include "cluster/snapshot_names.h"
#include "kube/object.h"

struct snapshot_content {
	struct object object;
	const char *snapshot_namespace; /* spec.volumeSnapshotRef; each may be NULL */
	const char *snapshot_name;
	const char *snapshot_uid;  /* NULL: not bound to a VolumeSnapshot yet */
	const char *driver;	   /* or NULL */
	const char *class_name;	   /* or NULL */
	bool delete_snapshot;	   /* deletionPolicy: Delete; else Retain */
	const char *volume_handle; /* spec.source: one of the two, the other NULL */
	const char *snapshot_handle;
	const char *source_mode; /* spec.sourceVolumeMode; NULL: not known */

	bool has_status;    /* status is not null; without it the rest is empty */
	const char *handle; /* status.snapshotHandle; or NULL */
	int64_t taken_ns;   /* status.creationTime; 0: not known */
	bool says_ready;    /* status.readyToUse is not null */
	bool ready;
	bool has_restore_size;
	uint64_t restore_bytes;
	struct snapshot_error error;
	const char *group_handle; /* status.volumeGroupSnapshotHandle; or NULL */
};

extern const struct kind snapshot_content_kind;

/* Our driver serves it. */
bool snapshot_content_is_ours(const struct snapshot_content *content);

/* It is a member of a group snapshot, and made and deleted with it. */
bool snapshot_content_is_member(const struct snapshot_content *content);

/* The handle by which a node knows the snapshot: as the status has it, else as the source does;
 * NULL: none is known yet. */
const char *snapshot_content_handle(const struct snapshot_content *content);

static inline struct snapshot_content *snapshot_content_of(struct object *object)
{
	return (struct snapshot_content *)object;
}
