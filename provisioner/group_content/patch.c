/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/patch.h"

#include "apply/making_patch.h"
#include "base/clock.h"
#include "base/same.h"
#include "kube/json.h"

#define NS_PER_S 1000000000

static bool is_listed(const struct group_content *content, const struct csi_snapshot *snapshot)
{
	for (size_t i = 0; i < content->member_count; i++) {
		const struct group_member *member = &content->members[i];
		if (same_or_none(member->snapshot_handle, snapshot->id))
			return member->ready == snapshot->ready &&
			       same_or_none(member->volume_handle, snapshot->source_volume);
	}
	return false;
}

/* Of a group that existed before, the source lists the snapshots; a list in the status would have
 * the controller's part make an object for each, beside those of the administrator. */
static bool are_listed(const struct group_content *content, const struct csi_group_snapshot *group)
{
	if (content->source_handle)
		return true;
	if (content->member_count != group->member_count)
		return false;
	for (size_t i = 0; i < group->member_count; i++)
		if (!is_listed(content, &group->members[i]))
			return false;
	return true;
}

static struct json_object *describe(const struct csi_snapshot *snapshot)
{
	struct json_object *info = json_object_new_object();
	json_set_string(info, "volumeHandle", snapshot->source_volume);
	json_set_string(info, "snapshotHandle", snapshot->id);
	if (snapshot->taken_ns)
		json_set_int(info, "creationTime", snapshot->taken_ns);
	json_set_bool(info, "readyToUse", snapshot->ready);
	if (snapshot->size_bytes)
		json_set_int(info, "restoreSize", (int64_t)snapshot->size_bytes);
	return info;
}

static void add_members(const struct csi_group_snapshot *group, struct json_object *status)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < group->member_count; i++)
		json_object_array_add(list, describe(&group->members[i]));
	json_set(status, "volumeSnapshotInfoList", list);
}

static void add_facts(const struct group_content *content, const struct csi_group_snapshot *group,
		      struct json_object *status)
{
	char taken[CLOCK_TEXT_MAX];
	clock_format_s(group->taken_ns ? group->taken_ns / NS_PER_S : clock_wall_s(), taken);
	if (!content->handle)
		json_set_string(status, "volumeGroupSnapshotHandle", group->id);
	if (!content->taken_s)
		json_set_string(status, "creationTime", taken);
	if (!are_listed(content, group))
		add_members(group, status);
}

struct json_object *group_content_patch_made(const struct group_content *content,
					     const struct csi_group_snapshot *group)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = making_patch_new(&content->object);
	struct json_object *status = json_child(patch, "status");
	add_facts(content, group, status);
	if (!content->says_ready || content->ready != group->ready)
		json_set_bool(status, "readyToUse", group->ready);
	if (group->ready && content->error.message)
		making_patch_drop(status, "error");
	return json_object_object_length(status) ? TAKE(patch) : NULL;
}

struct json_object *group_content_patch_deleted(const struct group_content *content)
{
	if (!content->handle && !content->says_ready && !content->taken_s &&
	    content->member_count == 0)
		return NULL;
	struct json_object *patch = making_patch_new(&content->object);
	struct json_object *status = json_child(patch, "status");
	making_patch_drop(status, "volumeGroupSnapshotHandle");
	making_patch_drop(status, "readyToUse");
	making_patch_drop(status, "creationTime");
	making_patch_drop(status, "volumeSnapshotInfoList");
	return patch;
}
