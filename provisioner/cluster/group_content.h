/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A VolumeGroupSnapshotContent: the cluster's record of a group snapshot, whose data is on one
 * node. It is there for one VolumeGroupSnapshot, which it names.
 *
 * Its source is one of two. Dynamic: the handles of the volumes; the snapshots are to be made.
 * Pre-provisioned: the handle of the group and those of its snapshots; they exist, and an
 * administrator made the content for them.
 *
 * deletionPolicy may change at any time, and its value when the content is deleted counts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/group_names.h"
#include "cluster/snapshot_error.h"
#include "kube/object.h"

/* One of status.volumeSnapshotInfoList. */
struct group_member {
	const char *volume_handle;   /* or NULL */
	const char *snapshot_handle; /* or NULL */
	int64_t taken_ns;	     /* 0: not known */
	bool ready;
	uint64_t restore_bytes; /* 0: not known */
};

struct group_content {
	struct object object;
	const char *group_namespace; /* spec.volumeGroupSnapshotRef; each may be NULL */
	const char *group_name;
	const char *group_uid;	/* NULL: not bound to a VolumeGroupSnapshot yet */
	const char *driver;	/* or NULL */
	const char *class_name; /* or NULL */
	bool delete_group;	/* deletionPolicy: Delete; else Retain */

	bool has_volumes; /* spec.source.volumeHandles is not null: dynamic */
	const char **volume_handles;
	size_t volume_count;
	const char *source_handle; /* spec.source.groupSnapshotHandles; NULL: not pre-provisioned */
	const char **snapshot_handles;
	size_t snapshot_count;

	bool has_status;    /* status is not null; without it the rest is empty */
	const char *handle; /* status.volumeGroupSnapshotHandle; or NULL */
	int64_t taken_s;    /* status.creationTime; 0: not known */
	bool says_ready;    /* status.readyToUse is not null */
	bool ready;
	struct snapshot_error error;
	struct group_member *members;
	size_t member_count;
};

extern const struct kind group_content_kind;

/* Our driver serves it. */
bool group_content_is_ours(const struct group_content *content);

/* The handle by which a node knows the group: as the status has it, else as the source does; NULL:
 * none is known yet. */
const char *group_content_handle(const struct group_content *content);

/* The controller's part has noted that its group is being deleted (GROUP_BEING_DELETED_ANNOTATION).
 */
bool group_content_is_marked(const struct group_content *content);

static inline struct group_content *group_content_of(struct object *object)
{
	return (struct group_content *)object;
}
