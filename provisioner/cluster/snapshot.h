/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A VolumeSnapshot: a user's wish for a snapshot of a claim, in the claim's namespace. It is to a
 * VolumeSnapshotContent what a claim is to a PersistentVolume.
 *
 *	new --controller's part--> bound to a content --content is ready--> ready
 *
 * Its source is one of two: a claim, of which a snapshot is made; or a content that an
 * administrator made for a snapshot that exists already.
 */

#include <stdbool.h>
#include <stdint.h>

#include "cluster/snapshot_error.h"
#include "cluster/snapshot_names.h"
#include "kube/object.h"

struct snapshot {
	struct object object;
	const char *claim_name;		 /* spec.source.persistentVolumeClaimName; or NULL */
	const char *source_content_name; /* spec.source.volumeSnapshotContentName; or NULL */
	const char *class_name;		 /* spec.volumeSnapshotClassName; NULL: the default one */

	bool has_status;	  /* status is not null; without it the rest is empty */
	const char *content_name; /* status.boundVolumeSnapshotContentName; or NULL */
	int64_t taken_s;	  /* status.creationTime; 0: not known */
	bool says_ready;	  /* status.readyToUse is not null */
	bool ready;
	bool has_restore_size;
	uint64_t restore_bytes; /* the least size of a claim that is restored from it */
	struct snapshot_error error;
	const char *group_name; /* status.volumeGroupSnapshotName: it is a member; or NULL */
};

extern const struct kind snapshot_kind;

static inline struct snapshot *snapshot_of(struct object *object)
{
	return (struct snapshot *)object;
}
