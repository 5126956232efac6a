/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is written alike to the content of a snapshot and of a group of them, as merge patches (RFC
 * 7386). Pure.
 *
 * Each holds for one resource version alone (ERROR_CONFLICT) and touches no member but its own. All
 * are yours. NULL: there is nothing to write.
 */

#include <json-c/json.h>
#include <stdbool.h>

#include "cluster/snapshot_error.h"
#include "cluster/snapshot_node.h"
#include "kube/object.h"

/* An empty one. */
struct json_object *making_patch_new(const struct object *content);

/* Before the node is asked: which node that is, and the annotation being_created: that it is asked
 * to make something; NULL: it is not. */
struct json_object *making_patch_begin(const struct object *content,
				       const struct snapshot_node *node, const char *being_created);

/* Of the status: what went wrong. error: what it says so far. NULL: it says so already. */
struct json_object *making_patch_failed(const struct object *content,
					const struct snapshot_error *error, const char *message);

/* Puts a null there, which removes the member. */
void making_patch_drop(struct json_object *json, const char *key);
