/* SPDX-License-Identifier: Apache-2.0 */
#include "group/patch.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "apply/snapshot_status.h"
#include "apply/status_patch.h"
#include "csi/names.h"
#include "kube/json.h"

struct json_object *group_patch_prepare(const struct group_snapshot *group,
					const struct group_plan *plan)
{
	struct json_object *patch = metadata_patch_add(&group->object, GROUP_BOUND_FINALIZER,
						       SNAPSHOT_DRIVER_ANNOTATION, CSI_DRIVER_NAME);
	if (plan->names_class)
		json_set_string(json_child(patch, "spec"), "volumeGroupSnapshotClassName",
				plan->class->object.name);
	return patch;
}

struct json_object *group_patch_status(const struct group_view *view, bool ready)
{
	const struct group_snapshot *group = view->group;
	const struct group_content *content = view->content;
	struct json_object *patch = status_patch_new(&group->object);
	struct json_object *status = json_child(patch, "status");
	json_set_string(status, "boundVolumeGroupSnapshotContentName", content->object.name);
	json_set_bool(status, "readyToUse", ready);
	if (!group->taken_s && content->taken_s)
		snapshot_status_set_time(status, "creationTime", content->taken_s);
	const char *message = ready ? NULL : content->error.message;
	if (message || group->error.message)
		snapshot_status_set_error(status, message, content->error.time_s);
	return patch;
}

struct json_object *group_patch_error(const struct group_snapshot *group, const char *message)
{
	struct json_object *patch = status_patch_new(&group->object);
	struct json_object *status = json_child(patch, "status");
	json_set_bool(status, "readyToUse", false);
	snapshot_status_set_error(status, message, 0);
	return patch;
}

struct json_object *group_patch_bind(const struct group_view *view)
{
	const struct group_content *content = view->content;
	struct json_object *patch = status_patch_new(&content->object);
	struct json_object *spec = json_child(patch, "spec");
	json_set_string(json_child(spec, "volumeGroupSnapshotRef"), "uid", view->group->object.uid);
	if (!content->class_name)
		json_set_string(spec, "volumeGroupSnapshotClassName", view->group->class_name);
	return patch;
}

/* The other part writes to the content too, so this holds for the object in any version. */
static struct json_object *annotate(const struct object *object, const char *annotation)
{
	struct json_object *patch = json_object_new_object();
	struct json_object *metadata = json_child(patch, "metadata");
	json_set_string(metadata, "uid", object->uid);
	json_set_string(json_child(metadata, "annotations"), annotation, SNAPSHOT_YES);
	return patch;
}

struct json_object *group_patch_mark(const struct group_content *content)
{
	return annotate(&content->object, GROUP_BEING_DELETED_ANNOTATION);
}

struct json_object *group_patch_mark_member_content(const struct snapshot_content *content)
{
	return annotate(&content->object, SNAPSHOT_BEING_DELETED_ANNOTATION);
}

struct json_object *group_patch_bind_member(const struct group_part *part)
{
	struct json_object *patch = status_patch_new(&part->content->object);
	json_set_string(json_child(json_child(patch, "spec"), "volumeSnapshotRef"), "uid",
			part->snapshot->object.uid);
	return patch;
}

struct json_object *group_patch_member_content(const struct group_view *view,
					       const struct group_part *part)
{
	const struct group_member *member = part->member;
	struct json_object *patch = status_patch_new(&part->content->object);
	struct json_object *status = json_child(patch, "status");
	json_set_string(status, "snapshotHandle", member->snapshot_handle);
	json_set_string(status, "volumeGroupSnapshotHandle", group_content_handle(view->content));
	json_set_bool(status, "readyToUse", member->ready);
	if (member->taken_ns)
		json_set_int(status, "creationTime", member->taken_ns);
	if (member->restore_bytes)
		json_set_int(status, "restoreSize", (int64_t)member->restore_bytes);
	return patch;
}

struct json_object *group_patch_member(const struct group_view *view, const struct group_part *part)
{
	struct json_object *patch = snapshot_status_patch(part->snapshot, part->content);
	json_set_string(json_child(patch, "status"), "volumeGroupSnapshotName",
			view->group->object.name);
	return patch;
}

struct json_object *group_patch_without(const struct object *object, const char *finalizer)
{
	struct json_object *patch = status_patch_new(object);
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < object->finalizer_count; i++)
		if (strcmp(object->finalizers[i], finalizer) != 0)
			json_object_array_add(list, json_object_new_string(object->finalizers[i]));
	json_set(json_child(patch, "metadata"), "finalizers", list);
	return patch;
}
