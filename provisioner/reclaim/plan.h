/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What should be done about a PersistentVolume of our driver, decided from what we see.
 *
 * A released volume whose policy is Delete is deleted: first its data, on the one node that its
 * affinity matches, then its record. Where the affinity matches several nodes none is asked: a node
 * that has no such volume answers that it is deleted, and the data would stay on another. The
 * finalizer on the record follows the policy, so that changing it to Retain at any time before is
 * enough to keep the data.
 */

#include "base/error.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "kube/claim.h"

enum volume_decision {
	VOLUME_IGNORE,
	VOLUME_ADD_FINALIZER,
	VOLUME_DROP_FINALIZER,
	VOLUME_RECLAIM,	  /* delete the data, then the record */
	VOLUME_NODE_GONE, /* its node is not in the cluster: `reason` */
	VOLUME_STUCK,	  /* cannot be reclaimed: `reason` */
};

struct volume_view {
	const struct persistent_volume *volume;
	const struct claim *claim; /* the one that claimRef names; NULL: not there */
	/* All nodes, or those alone that its affinity may match. */
	const struct cluster_nodes *nodes;
};

struct volume_plan {
	enum volume_decision decision;
	const char *node; /* RECLAIM: the one whose plugin is asked */
	struct error reason;
};

void volume_plan(const struct volume_view *view, struct volume_plan *ret_plan);
