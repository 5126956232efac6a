/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/snapshot_content.h"

#include <string.h>

#include "csi/names.h"
#include "kube/json.h"

static int parse_ref(struct snapshot_content *content, struct json_object *json, struct error *err)
{
	struct arena *arena = content->object.arena;
	if (json_read_name(json, "spec.volumeSnapshotRef.namespace", arena,
			   &content->snapshot_namespace, err) < 0 ||
	    json_read_name(json, "spec.volumeSnapshotRef.name", arena, &content->snapshot_name,
			   err) < 0 ||
	    json_read_name(json, "spec.volumeSnapshotRef.uid", arena, &content->snapshot_uid, err) <
		    0)
		return -1;
	if (content->snapshot_uid && !*content->snapshot_uid)
		content->snapshot_uid = NULL;
	return 0;
}

static int parse_source(struct snapshot_content *content, struct json_object *json,
			struct error *err)
{
	struct arena *arena = content->object.arena;
	if (json_read_string(json, "spec.source.volumeHandle", arena, &content->volume_handle,
			     err) < 0 ||
	    json_read_string(json, "spec.source.snapshotHandle", arena, &content->snapshot_handle,
			     err) < 0)
		return -1;
	return json_read_string(json, "spec.sourceVolumeMode", arena, &content->source_mode, err);
}

static int parse_spec(struct snapshot_content *content, struct json_object *json, struct error *err)
{
	struct arena *arena = content->object.arena;
	const char *policy;
	if (json_read_name(json, "spec.driver", arena, &content->driver, err) < 0 ||
	    json_read_name(json, "spec.volumeSnapshotClassName", arena, &content->class_name, err) <
		    0 ||
	    json_read_string(json, "spec.deletionPolicy", arena, &policy, err) < 0)
		return -1;
	content->delete_snapshot = policy && strcmp(policy, "Delete") == 0;
	if (parse_ref(content, json, err) < 0)
		return -1;
	return parse_source(content, json, err);
}

static int parse_state(struct snapshot_content *content, struct json_object *json,
		       struct error *err)
{
	int64_t restore_bytes;
	content->says_ready = json_find(json, "status.readyToUse") != NULL;
	content->has_restore_size = json_find(json, "status.restoreSize") != NULL;
	if (json_read_bool(json, "status.readyToUse", false, &content->ready, err) < 0 ||
	    json_read_int(json, "status.creationTime", 0, &content->taken_ns, err) < 0 ||
	    json_read_int(json, "status.restoreSize", 0, &restore_bytes, err) < 0)
		return -1;
	if (restore_bytes < 0)
		return error_set(err, ERROR_INVALID, "status.restoreSize: is negative");
	content->restore_bytes = (uint64_t)restore_bytes;
	return 0;
}

static int parse_status(struct snapshot_content *content, struct json_object *json,
			struct error *err)
{
	struct arena *arena = content->object.arena;
	struct json_object *status;
	if (json_read_object(json, "status", &status, err) < 0)
		return -1;
	content->has_status = status != NULL;
	if (json_read_string(json, "status.snapshotHandle", arena, &content->handle, err) < 0 ||
	    json_read_string(json, "status.volumeGroupSnapshotHandle", arena,
			     &content->group_handle, err) < 0 ||
	    parse_state(content, json, err) < 0)
		return -1;
	return snapshot_error_parse(json, arena, &content->error, err);
}

static int parse_snapshot_content(struct object *object, struct json_object *json,
				  struct error *err)
{
	if (parse_spec(snapshot_content_of(object), json, err) < 0)
		return -1;
	return parse_status(snapshot_content_of(object), json, err);
}

const struct kind snapshot_content_kind = {
	.api_version = SNAPSHOT_API_VERSION,
	.name = "VolumeSnapshotContent",
	.plural = "volumesnapshotcontents",
	.size = sizeof(struct snapshot_content),
	.parse = parse_snapshot_content,
};

bool snapshot_content_is_ours(const struct snapshot_content *content)
{
	return content->driver && strcmp(content->driver, CSI_DRIVER_NAME) == 0;
}

bool snapshot_content_is_member(const struct snapshot_content *content)
{
	return pairs_get(&content->object.annotations, SNAPSHOT_GROUP_HANDLE_ANNOTATION) != NULL;
}

const char *snapshot_content_handle(const struct snapshot_content *content)
{
	return content->handle ? content->handle : content->snapshot_handle;
}
