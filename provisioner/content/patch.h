/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What this role writes to the status of a content, as merge patches (RFC 7386), beside what is
 * written alike for groups (apply/making_patch.h). Pure.
 *
 * Each holds for one resource version alone (ERROR_CONFLICT) and touches no member but its own. All
 * are yours. NULL: there is nothing to write.
 */

#include <json-c/json.h>

#include "cluster/snapshot_content.h"
#include "csi/snapshot_client.h"

/* As the node describes the snapshot. What is known stays. */
struct json_object *content_patch_made(const struct snapshot_content *content,
				       const struct csi_snapshot *snapshot);

/* The snapshot is deleted. */
struct json_object *content_patch_deleted(const struct snapshot_content *content);
