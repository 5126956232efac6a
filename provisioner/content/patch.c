/* SPDX-License-Identifier: Apache-2.0 */
#include "content/patch.h"

#include "apply/making_patch.h"
#include "base/clock.h"
#include "base/text.h"
#include "kube/json.h"

static void add_facts(const struct snapshot_content *content, const struct csi_snapshot *snapshot,
		      struct json_object *status)
{
	int64_t taken_ns = snapshot->taken_ns ? snapshot->taken_ns : clock_wall_us() * 1000;
	if (!content->handle)
		json_set_string(status, "snapshotHandle", snapshot->id);
	if (!content->taken_ns)
		json_set_int(status, "creationTime", taken_ns);
	if (!content->has_restore_size && snapshot->size_bytes)
		json_set_int(status, "restoreSize", (int64_t)snapshot->size_bytes);
	if (!content->group_handle && snapshot->group[0])
		json_set_string(status, "volumeGroupSnapshotHandle", snapshot->group);
}

struct json_object *content_patch_made(const struct snapshot_content *content,
				       const struct csi_snapshot *snapshot)
{
	CLEANUP(json_object_putp) struct json_object *patch = making_patch_new(&content->object);
	struct json_object *status = json_child(patch, "status");
	add_facts(content, snapshot, status);
	if (!content->says_ready || content->ready != snapshot->ready)
		json_set_bool(status, "readyToUse", snapshot->ready);
	if (snapshot->ready && content->error.message)
		making_patch_drop(status, "error");
	return json_object_object_length(status) ? TAKE(patch) : NULL;
}

struct json_object *content_patch_deleted(const struct snapshot_content *content)
{
	if (!content->handle && !content->says_ready && !content->taken_ns &&
	    !content->has_restore_size)
		return NULL;
	struct json_object *patch = making_patch_new(&content->object);
	struct json_object *status = json_child(patch, "status");
	making_patch_drop(status, "snapshotHandle");
	making_patch_drop(status, "readyToUse");
	making_patch_drop(status, "creationTime");
	making_patch_drop(status, "restoreSize");
	return patch;
}
