/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writing a content's status. The content may change while a node works, such as by its deletion:
 * what has been done, or has failed, is recorded all the same.
 */

#include "apply/applier.h"
#include "apply/outcome.h"
#include "cluster/snapshot_content.h"
#include "csi/snapshot_client.h"

/* The snapshot is as the node describes it. */
enum outcome content_status_made(const struct applier *applier,
				 const struct snapshot_content *content,
				 const struct csi_snapshot *snapshot, struct error *err);

/* The snapshot is deleted. */
enum outcome content_status_deleted(const struct applier *applier,
				    const struct snapshot_content *content, struct error *err);

/* An attempt failed for this reason: status and event, unless they say so already. Nothing is said
 * of what no user could mend: our lead has ended, or our copy lagged. -1: the status could not be
 * written, which is logged. */
int content_status_failed(const struct applier *applier, const struct snapshot_content *content,
			  const struct error *reason);
