/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is written to snapshots and their contents, as merge patches: the kinds of a
 * CustomResourceDefinition have no strategic ones. Pure.
 *
 * A patch that rests on what the object was holds for that resource version alone; another writer
 * makes it an ERROR_CONFLICT.
 */

#include <json-c/json.h>

#include "snapshot/plan.h"

struct json_object *snapshot_patch_prepare(const struct snapshot *snapshot,
					   const struct snapshot_plan *plan);
struct json_object *snapshot_patch_release(const struct snapshot *snapshot);

/* Of its status. */
struct json_object *snapshot_patch_error(const struct snapshot *snapshot, const char *message);

/* Of the content. */
struct json_object *snapshot_patch_bind(const struct snapshot_content *content,
					const struct snapshot *snapshot);
struct json_object *snapshot_patch_mark(const struct snapshot_content *content);
