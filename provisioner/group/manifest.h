/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is made for a group: its content, and for each member a VolumeSnapshot and its content.
 * Pure.
 */

#include <json-c/json.h>

#include "group/view.h"

/* "groupsnapcontent-<uid>", by which no group gets two contents. Yours. */
char *group_manifest_name(const struct group_snapshot *group);

/* The names of a member's snapshot and of its content, which follow from the group's uid and the
 * volume's handle. Yours. */
char *group_manifest_member_name(const struct group_snapshot *group, const char *volume_handle);
char *group_manifest_member_content_name(const struct group_snapshot *group,
					 const char *volume_handle);

/* In that version of the kind. ERROR_INVALID names the parameter of the class. */
int group_manifest(const struct group_view *view, const struct group_class *class,
		   const struct kind *kind, struct json_object **ret_json, struct error *err);

struct json_object *group_manifest_member(const struct group_view *view,
					  const struct group_part *part);
struct json_object *group_manifest_member_content(const struct group_view *view,
						  const struct group_part *part);
