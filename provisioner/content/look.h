/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Looking at a snapshot that exists: on its node, or on all nodes where that is not known. The
 * finding is written on the content, so that it is searched for once.
 */

#include "apply/node_search.h"
#include "content/plan.h"
#include "content/status.h"
#include "csi/snapshot_client.h"

/* LOOK. What failed is written on the content. */
enum outcome content_look(const struct applier *applier, const struct content_view *view,
			  struct error *err);

/* As node_search_run(): which node has the snapshot. */
int content_search(const struct applier *applier, const struct csi_snapshot_request *request,
		   struct csi_snapshot *ret_snapshot, struct node_finding *ret_finding,
		   struct error *err);
