/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writing a content's status. The content may change while a node works, such as by its deletion:
 * what has been done, or has failed, is recorded all the same.
 */

#include <json-c/json.h>

#include "apply/applier.h"
#include "cluster/snapshot_content.h"
#include "csi/snapshot_client.h"

enum content_outcome {
	CONTENT_FAILED = -1, /* *err says why; ERROR_CONFLICT: another writer was faster */
	CONTENT_DONE = 0,
	CONTENT_AGAIN,	    /* the content has changed: look at it again */
	CONTENT_LATER,	    /* done for now; the change of the content wakes it, or look rarely */
	CONTENT_INFEASIBLE, /* *err says why: look rarely */
};

/* Another writer may be faster so many times in a row. */
#define CONTENT_WRITES_MAX 5

/* The content as it is, for one that has changed under us. ERROR_NOT_FOUND: gone, or replaced. */
int content_read_newest(const struct applier *applier, const struct snapshot_content *content,
			struct object **ret_content, struct error *err);

/* Our copy may be behind what was written since: CONTENT_AGAIN. *ret_content is a reference of the
 * caller's. */
enum content_outcome content_confirm(const struct applier *applier,
				     const struct snapshot_content *content,
				     struct object **ret_content, struct error *err);

/* The snapshot is as the node describes it. */
enum content_outcome content_status_made(const struct applier *applier,
					 const struct snapshot_content *content,
					 const struct csi_snapshot *snapshot, struct error *err);

/* The snapshot is deleted. */
enum content_outcome content_status_deleted(const struct applier *applier,
					    const struct snapshot_content *content,
					    struct error *err);

/* An attempt failed for this reason: status and event, unless they say so already. Nothing is said
 * of what no user could mend: our lead has ended, or our copy lagged. -1: the status could not be
 * written, which is logged. */
int content_status_failed(const struct applier *applier, const struct snapshot_content *content,
			  const struct error *reason);

/* A content that is gone needs no more. */
enum content_outcome content_gone_is_done(int r, const struct error *err);
