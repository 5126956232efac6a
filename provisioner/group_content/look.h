/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Looking at a group that exists: on its node, or on all nodes where that is not known. The finding
 * is written on the content, so that it is searched for once.
 */

#include "apply/node_search.h"
#include "apply/outcome.h"
#include "csi/group_client.h"
#include "group_content/plan.h"

/* LOOK. What failed is written on the content. */
enum outcome group_content_look(const struct applier *applier,
				const struct group_content_view *view, struct error *err);

/* As node_search_run(): which node has the group. */
int group_content_search(const struct applier *applier, const struct csi_group_request *request,
			 struct csi_group_snapshot *ret_group, struct node_finding *ret_finding,
			 struct error *err);
