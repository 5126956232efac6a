/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What should be done about the size of a bound claim, decided from what we see.
 *
 * A user grows a claim by raising its request. This role does the controller's part: the node
 * plugin enlarges the volume, and the PersistentVolume gets the new capacity. The kubelet then
 * grows the file system. Where there is none to grow, the claim is done.
 *
 *	request > capacity -> CONTROLLER_IN_PROGRESS -> volume grown -> NODE_PENDING
 *			       |                                  |    |
 *			       |                                  |    +-> (kubelet) -> done
 *			       |                                  +-> no file system: done
 *			       +-> CONTROLLER_INFEASIBLE: tried rarely, until the request changes
 *
 * Which size is asked for matters where a request is lowered again after a failure. The API server
 * allows any size above status.capacity. The size that was asked for last is
 * status.allocatedResources. As long as it is not known whether the node has grown the volume to
 * it, the same size is asked for again; after a refusal that left nothing behind, the request
 * counts. The condition ControllerResizeError records such a refusal, so a new leader knows it.
 *
 * The rules are those of Kubernetes' external-resizer (KEP-1790), so that either may continue what
 * the other began.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cluster/nodes.h"
#include "cluster/persistent_volume.h"
#include "kube/claim.h"

/* On a claim whose last growth needed nothing of the kubelet. */
#define GROWTH_NODE_NOT_REQUIRED_ANNOTATION "volume.kubernetes.io/node-expansion-not-required"

enum growth_decision {
	GROWTH_IGNORE, /* not ours, nothing to do, or the kubelet's turn */
	GROWTH_EXPAND, /* the volume to `target_bytes` on `node` */
	GROWTH_TIDY,   /* the file system has grown: remove the pre-resize annotation */
	GROWTH_REFUSE, /* the volume's node is unknown or absent; `reason` says why */
};

struct growth_view {
	const struct claim *claim;
	const struct persistent_volume *volume; /* the one that it names; NULL: not there */
	const struct cluster_nodes *nodes;	/* volume_node_candidates() */
};

struct growth_plan {
	enum growth_decision decision;
	uint64_t target_bytes;
	bool repeats; /* the target is what was asked for last */
	const char *node;
	struct error reason;
};

/* The claim's request is larger than what it has, or a growth is unfinished. */
bool growth_is_wanted(const struct claim *claim);

/* The same, and the kubelet has not to do the next step. */
bool growth_waits_for_us(const struct claim *claim);

/* The volume was grown for a file system that is not yet known to have grown. */
bool growth_is_noted(const struct object *volume);

void growth_plan(const struct growth_view *view, struct growth_plan *ret_plan);
