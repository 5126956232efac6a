/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/group_content.h"

#include <string.h>

#include "csi/names.h"
#include "kube/json.h"

static int parse_ref(struct group_content *content, struct json_object *json, struct error *err)
{
	struct arena *arena = content->object.arena;
	if (json_read_name(json, "spec.volumeGroupSnapshotRef.namespace", arena,
			   &content->group_namespace, err) < 0 ||
	    json_read_name(json, "spec.volumeGroupSnapshotRef.name", arena, &content->group_name,
			   err) < 0 ||
	    json_read_name(json, "spec.volumeGroupSnapshotRef.uid", arena, &content->group_uid,
			   err) < 0)
		return -1;
	if (content->group_uid && !*content->group_uid)
		content->group_uid = NULL;
	return 0;
}

static int parse_source(struct group_content *content, struct json_object *json, struct error *err)
{
	struct arena *arena = content->object.arena;
	content->has_volumes = json_find(json, "spec.source.volumeHandles") != NULL;
	if (json_read_strings(json, "spec.source.volumeHandles", arena, &content->volume_handles,
			      &content->volume_count, err) < 0 ||
	    json_read_string(json, "spec.source.groupSnapshotHandles.volumeGroupSnapshotHandle",
			     arena, &content->source_handle, err) < 0)
		return -1;
	return json_read_strings(json, "spec.source.groupSnapshotHandles.volumeSnapshotHandles",
				 arena, &content->snapshot_handles, &content->snapshot_count, err);
}

static int parse_spec(struct group_content *content, struct json_object *json, struct error *err)
{
	struct arena *arena = content->object.arena;
	const char *policy;
	if (json_read_name(json, "spec.driver", arena, &content->driver, err) < 0 ||
	    json_read_name(json, "spec.volumeGroupSnapshotClassName", arena, &content->class_name,
			   err) < 0 ||
	    json_read_string(json, "spec.deletionPolicy", arena, &policy, err) < 0)
		return -1;
	content->delete_group = policy && strcmp(policy, "Delete") == 0;
	if (parse_ref(content, json, err) < 0)
		return -1;
	return parse_source(content, json, err);
}

static int parse_member(struct json_object *json, struct arena *arena, struct group_member *member,
			struct error *err)
{
	int64_t restore_bytes;
	if (json_read_string(json, "volumeHandle", arena, &member->volume_handle, err) < 0 ||
	    json_read_string(json, "snapshotHandle", arena, &member->snapshot_handle, err) < 0 ||
	    json_read_int(json, "creationTime", 0, &member->taken_ns, err) < 0 ||
	    json_read_bool(json, "readyToUse", false, &member->ready, err) < 0 ||
	    json_read_int(json, "restoreSize", 0, &restore_bytes, err) < 0)
		return -1;
	if (restore_bytes < 0)
		return error_set(err, ERROR_INVALID, "restoreSize: is negative");
	member->restore_bytes = (uint64_t)restore_bytes;
	return 0;
}

static int parse_members(struct group_content *content, struct json_object *json, struct error *err)
{
	struct arena *arena = content->object.arena;
	struct json_object *list;
	if (json_read_list(json, "status.volumeSnapshotInfoList", &list, &content->member_count,
			   err) < 0)
		return -1;
	content->members = arena_alloc(arena, content->member_count * sizeof(*content->members));
	for (size_t i = 0; i < content->member_count; i++)
		if (parse_member(json_object_array_get_idx(list, i), arena, &content->members[i],
				 err) < 0)
			return json_error_in(err, "status.volumeSnapshotInfoList[%zu]", i);
	return 0;
}

static int parse_status(struct group_content *content, struct json_object *json, struct error *err)
{
	struct arena *arena = content->object.arena;
	struct json_object *status;
	if (json_read_object(json, "status", &status, err) < 0)
		return -1;
	content->has_status = status != NULL;
	content->says_ready = json_find(json, "status.readyToUse") != NULL;
	if (json_read_string(json, "status.volumeGroupSnapshotHandle", arena, &content->handle,
			     err) < 0 ||
	    json_read_bool(json, "status.readyToUse", false, &content->ready, err) < 0 ||
	    json_read_time(json, "status.creationTime", &content->taken_s, err) < 0 ||
	    parse_members(content, json, err) < 0)
		return -1;
	return snapshot_error_parse(json, arena, &content->error, err);
}

static int parse_group_content(struct object *object, struct json_object *json, struct error *err)
{
	if (parse_spec(group_content_of(object), json, err) < 0)
		return -1;
	return parse_status(group_content_of(object), json, err);
}

#define GROUP_CONTENT                                                                              \
	.name = "VolumeGroupSnapshotContent", .plural = "volumegroupsnapshotcontents",             \
	.size = sizeof(struct group_content), .parse = parse_group_content

static const struct kind older_kind = { .api_version = GROUP_OLDER_API_VERSION, GROUP_CONTENT };

const struct kind group_content_kind = {
	.api_version = GROUP_API_VERSION,
	.older = &older_kind,
	GROUP_CONTENT,
};

bool group_content_is_ours(const struct group_content *content)
{
	return content->driver && strcmp(content->driver, CSI_DRIVER_NAME) == 0;
}

const char *group_content_handle(const struct group_content *content)
{
	return content->handle ? content->handle : content->source_handle;
}

bool group_content_is_marked(const struct group_content *content)
{
	return pairs_get(&content->object.annotations, GROUP_BEING_DELETED_ANNOTATION) != NULL;
}
