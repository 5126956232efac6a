/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which node has a snapshot of which nothing but the handle is known: all nodes are asked, many at
 * once.
 */

#include "apply/applier.h"
#include "csi/snapshot_client.h"

struct content_finding {
	char *node;    /* its name; yours */
	char *node_id; /* yours */
	struct csi_snapshot snapshot;
};

/* ERROR_NOT_FOUND: every node has answered, and none has it. ERROR_UNAVAILABLE: no node that has
 * answered has it; the text names the others. A Node with the label of our topology key whose
 * CSINode lacks the driver, such as while its plugin restarts, is one of the others. No node at all
 * is ERROR_UNAVAILABLE, too. Bounded in time. */
int content_search(const struct applier *applier, const struct csi_snapshot_request *request,
		   struct content_finding *ret_finding, struct error *err);

void content_finding_done(struct content_finding *finding);
