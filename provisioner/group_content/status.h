/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writing a group content's status. The content may change while a node works, such as by its
 * deletion: what has been done, or has failed, is recorded all the same.
 */

#include "apply/applier.h"
#include "apply/outcome.h"
#include "cluster/group_content.h"
#include "csi/group_client.h"

/* The group is as the node describes it. */
enum outcome group_content_status_made(const struct applier *applier,
				       const struct group_content *content,
				       const struct csi_group_snapshot *group, struct error *err);

/* The group is deleted. */
enum outcome group_content_status_deleted(const struct applier *applier,
					  const struct group_content *content, struct error *err);

/* As content_status_failed(). */
int group_content_status_failed(const struct applier *applier, const struct group_content *content,
				const struct error *reason);
