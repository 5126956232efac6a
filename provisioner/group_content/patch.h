/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What this role writes to the status of a group content, as merge patches (RFC 7386), beside what
 * is written alike for snapshots (apply/making_patch.h). Pure.
 *
 * Each holds for one resource version alone (ERROR_CONFLICT) and touches no member but its own. All
 * are yours. NULL: there is nothing to write.
 */

#include <json-c/json.h>

#include "cluster/group_content.h"
#include "csi/group_client.h"

/* As the node describes the group. What is known stays; the list of the snapshots is replaced as a
 * whole where it differs. */
struct json_object *group_content_patch_made(const struct group_content *content,
					     const struct csi_group_snapshot *group);

/* The group is deleted. */
struct json_object *group_content_patch_deleted(const struct group_content *content);
