/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/snapshot_status.h"

#include "apply/status_patch.h"
#include "base/clock.h"
#include "base/quantity.h"
#include "kube/json.h"

#define NS_PER_S 1000000000

void snapshot_status_set_time(struct json_object *json, const char *key, int64_t time_s)
{
	char text[CLOCK_TEXT_MAX];
	clock_format_s(time_s, text);
	json_set_string(json, key, text);
}

void snapshot_status_set_error(struct json_object *status, const char *message, int64_t time_s)
{
	struct json_object *error = message ? json_object_new_object() : NULL;
	if (error) {
		json_set_string(error, "message", message);
		snapshot_status_set_time(error, "time", time_s ? time_s : clock_wall_s());
	}
	json_object_object_add(status, "error", error);
}

struct json_object *snapshot_status_patch(const struct snapshot *snapshot,
					  const struct snapshot_content *content)
{
	struct json_object *patch = status_patch_new(&snapshot->object);
	struct json_object *status = json_child(patch, "status");
	json_set_string(status, "boundVolumeSnapshotContentName", content->object.name);
	json_set_bool(status, "readyToUse", content->ready);
	if (!snapshot->taken_s && content->taken_ns)
		snapshot_status_set_time(status, "creationTime", content->taken_ns / NS_PER_S);
	if (content->has_restore_size) {
		char size[QUANTITY_TEXT_MAX];
		quantity_format_bytes(content->restore_bytes, size);
		json_set_string(status, "restoreSize", size);
	}
	const char *message = content->ready ? NULL : content->error.message;
	if (message || snapshot->error.message)
		snapshot_status_set_error(status, message, content->error.time_s);
	return patch;
}
