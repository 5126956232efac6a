/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What this role writes to a content, as merge patches (RFC 7386). Pure.
 *
 * Each holds for one resource version alone (ERROR_CONFLICT) and touches no member but its own. All
 * are yours. NULL: there is nothing to write.
 */

#include <json-c/json.h>
#include <stdbool.h>

#include "cluster/snapshot_content.h"
#include "cluster/snapshot_node.h"
#include "csi/snapshot_client.h"

/* Before the node is asked: which node that is, and being_created: that it is asked to make the
 * snapshot. */
struct json_object *content_patch_begin(const struct snapshot_content *content,
					const struct snapshot_node *node, bool being_created);

/*
 * Of the status.
 */

/* As the node describes the snapshot. What is known stays. */
struct json_object *content_patch_made(const struct snapshot_content *content,
				       const struct csi_snapshot *snapshot);

/* What went wrong. NULL: the status says so already. */
struct json_object *content_patch_failed(const struct snapshot_content *content,
					 const char *message);

/* The snapshot is deleted. */
struct json_object *content_patch_deleted(const struct snapshot_content *content);
