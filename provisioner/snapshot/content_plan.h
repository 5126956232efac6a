/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the controller's part does about a VolumeSnapshotContent, apart from what it does for its
 * snapshot (snapshot/plan.h). Pure.
 *
 * A content whose snapshot is missing is never deleted for that: it may be a record that an
 * administrator has restored. But when a user has deleted it, nothing else would mark it for the
 * role that deletes the data.
 */

#include "cluster/snapshot.h"
#include "cluster/snapshot_content.h"

enum snapshot_content_decision {
	SNAPSHOT_CONTENT_IGNORE,
	SNAPSHOT_CONTENT_PROTECT, /* its finalizer */
	SNAPSHOT_CONTENT_MARK,	  /* it is being deleted, and no snapshot needs it */
	SNAPSHOT_CONTENT_FAIL,	  /* an event says why */
};

struct snapshot_content_plan {
	enum snapshot_content_decision decision;
	const char *reason; /* FAIL: the event's */
	const char *text;
};

/* snapshot: the one that the content names; NULL: it is not there. */
void snapshot_content_plan(const struct snapshot_content *content, const struct snapshot *snapshot,
			   struct snapshot_content_plan *ret_plan);
