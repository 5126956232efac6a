/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A VolumeGroupSnapshot: a user's wish for snapshots of several claims of one namespace, all cut at
 * the same moment. It is to a VolumeGroupSnapshotContent what a VolumeSnapshot is to its content.
 *
 * Its source is one of two: a selector of claims, of which snapshots are made; or a content that an
 * administrator made for a group snapshot that exists already.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cluster/group_names.h"
#include "cluster/snapshot_error.h"
#include "kube/object.h"
#include "kube/selector.h"

struct group_snapshot {
	struct object object;
	bool has_selector;		 /* spec.source.selector is not null */
	struct selector selector;	 /* of claims, by their labels; an empty one is an error */
	const char *selector_fault;	 /* why it cannot be used, and is empty; NULL: it can */
	const char *source_content_name; /* spec.source.volumeGroupSnapshotContentName; or NULL */
	const char *class_name; /* spec.volumeGroupSnapshotClassName; NULL: the default one */

	bool has_status;	  /* status is not null; without it the rest is empty */
	const char *content_name; /* status.boundVolumeGroupSnapshotContentName; or NULL */
	int64_t taken_s;	  /* status.creationTime; 0: not known */
	bool says_ready;	  /* status.readyToUse is not null */
	bool ready;
	struct snapshot_error error;
};

extern const struct kind group_snapshot_kind;

static inline struct group_snapshot *group_snapshot_of(struct object *object)
{
	return (struct group_snapshot *)object;
}
