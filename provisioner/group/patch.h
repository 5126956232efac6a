/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is written to groups, their contents and their members, as merge patches: the kinds of a
 * CustomResourceDefinition have no strategic ones. Pure.
 *
 * A patch that rests on what the object was holds for that resource version alone; another writer
 * makes it an ERROR_CONFLICT.
 */

#include <json-c/json.h>

#include "group/view.h"

struct json_object *group_patch_prepare(const struct group_snapshot *group,
					const struct group_plan *plan);

/* Of its status. */
struct json_object *group_patch_status(const struct group_view *view, bool ready);
struct json_object *group_patch_error(const struct group_snapshot *group, const char *message);

/* Of the content. */
struct json_object *group_patch_bind(const struct group_view *view);
struct json_object *group_patch_mark(const struct group_content *content);

/* Of a member: its content, and the status of both. */
struct json_object *group_patch_bind_member(const struct group_part *part);
struct json_object *group_patch_member_content(const struct group_view *view,
					       const struct group_part *part);
struct json_object *group_patch_member(const struct group_view *view,
				       const struct group_part *part);

/* Its content is being deleted. */
struct json_object *group_patch_mark_member_content(const struct snapshot_content *content);

/* Without this finalizer: for this version of the object. */
struct json_object *group_patch_without(const struct object *object, const char *finalizer);
