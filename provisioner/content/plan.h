/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What should be done about a VolumeSnapshotContent of our driver, decided from what we see. Pure.
 *
 * This role is what Kubernetes' external-snapshotter is for other drivers. The controller's part,
 * ours or Kubernetes' snapshot-controller, makes contents and deletes them; this role has the nodes
 * make and delete the snapshots.
 *
 *	new --being-created--> CreateSnapshot --status--> made --annotation off--> ready
 *			         |    ^
 *			         +----+ no final answer: the annotation stays
 *
 * The annotation being-created says that a CreateSnapshot may have been sent whose answer is not
 * known. While it stands nothing is deleted: the creation is driven to an answer first, so no
 * snapshot is left behind of which the cluster knows nothing. In the same write the node is noted,
 * since after the volume's PersistentVolume is gone nothing else says where the snapshot is.
 *
 * A content whose source is a snapshot's handle was made by an administrator. Its snapshot exists,
 * and is looked at once. Where the node is not known, all nodes are asked.
 */

#include <stdbool.h>

#include "base/error.h"
#include "content/view.h"
#include "csi/snapshot_client.h"

enum content_decision {
	CONTENT_IGNORE,	 /* not ours, nothing to do, or not now */
	CONTENT_CREATE,	 /* CreateSnapshot on the node */
	CONTENT_LOOK,	 /* GetSnapshot on the node; on all where it is not known */
	CONTENT_TIDY,	 /* take being-created off */
	CONTENT_DELETE,	 /* DeleteSnapshot, on the node or where it is found; then RELEASE */
	CONTENT_RELEASE, /* take our finalizer off */
	CONTENT_REFUSE,	 /* cannot be made or looked at now: `reason` */
	CONTENT_STUCK,	 /* cannot be deleted now: `reason` */
};

struct content_plan {
	enum content_decision decision;
	struct csi_create_snapshot_request request; /* CREATE; without secrets */
	struct error reason;
};

/* There may be something to do about it, now or later. */
bool content_is_unsettled(const struct snapshot_content *content);

/* A CreateSnapshot may have been sent whose answer is not known. */
bool content_is_being_created(const struct snapshot_content *content);

/* The snapshot is to be deleted, or kept and forgotten, now. */
bool content_is_to_go(const struct snapshot_content *content);

/* ... and deleted. */
bool content_is_to_be_deleted(const struct snapshot_content *content);

void content_plan(const struct content_view *view, struct content_plan *ret_plan);
