/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What should be done about a VolumeGroupSnapshotContent of our driver, decided from what we see.
 * Pure. The states are those of a snapshot's content (content/plan.h), with the annotations of
 * groups.
 *
 * A group is made on one node, in one call. Volumes on several nodes are refused before anything is
 * sent, also where an administrator wrote the content.
 *
 * The node makes all snapshots of the group or none, and deletes them together. The contents of its
 * members are made by the controller's part, from the list in the status; nothing is made or
 * deleted for those one by one (content/plan.h).
 */

#include <stdbool.h>

#include "base/error.h"
#include "csi/group_client.h"
#include "group_content/view.h"

enum group_content_decision {
	GROUP_CONTENT_IGNORE, /* not ours, nothing to do, or not now */
	GROUP_CONTENT_CREATE, /* CreateVolumeGroupSnapshot on the node */
	GROUP_CONTENT_LOOK,   /* GetVolumeGroupSnapshot on the node; on all where it is not known */
	GROUP_CONTENT_TIDY,   /* take being-created off */
	GROUP_CONTENT_DELETE, /* DeleteVolumeGroupSnapshot, on the node or where it is found; then
				 RELEASE */
	GROUP_CONTENT_RELEASE, /* take our finalizer off */
	GROUP_CONTENT_REFUSE,  /* cannot be made or looked at now: `reason` */
	GROUP_CONTENT_STUCK,   /* cannot be deleted now: `reason` */
};

struct group_content_plan {
	enum group_content_decision decision;
	struct csi_create_group_request request; /* CREATE; without secrets */
	struct error reason;
};

/* There may be something to do about it, now or later. */
bool group_content_is_unsettled(const struct group_content *content);

/* A CreateVolumeGroupSnapshot may have been sent whose answer is not known. */
bool group_content_is_being_created(const struct group_content *content);

void group_content_plan(const struct group_content_view *view, struct group_content_plan *ret_plan);
