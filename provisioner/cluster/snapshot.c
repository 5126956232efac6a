/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/snapshot.h"

#include "kube/json.h"

static int parse_spec(struct snapshot *snapshot, struct json_object *json, struct error *err)
{
	struct arena *arena = snapshot->object.arena;
	if (json_read_name(json, "spec.source.persistentVolumeClaimName", arena,
			   &snapshot->claim_name, err) < 0 ||
	    json_read_name(json, "spec.source.volumeSnapshotContentName", arena,
			   &snapshot->source_content_name, err) < 0)
		return -1;
	return json_read_name(json, "spec.volumeSnapshotClassName", arena, &snapshot->class_name,
			      err);
}

static int parse_state(struct snapshot *snapshot, struct json_object *json, struct error *err)
{
	snapshot->says_ready = json_find(json, "status.readyToUse") != NULL;
	snapshot->has_restore_size = json_find(json, "status.restoreSize") != NULL;
	if (json_read_bool(json, "status.readyToUse", false, &snapshot->ready, err) < 0 ||
	    json_read_bytes(json, "status.restoreSize", &snapshot->restore_bytes, err) < 0)
		return -1;
	return json_read_time(json, "status.creationTime", &snapshot->taken_s, err);
}

static int parse_status(struct snapshot *snapshot, struct json_object *json, struct error *err)
{
	struct arena *arena = snapshot->object.arena;
	struct json_object *status;
	if (json_read_object(json, "status", &status, err) < 0)
		return -1;
	snapshot->has_status = status != NULL;
	if (json_read_name(json, "status.boundVolumeSnapshotContentName", arena,
			   &snapshot->content_name, err) < 0 ||
	    json_read_name(json, "status.volumeGroupSnapshotName", arena, &snapshot->group_name,
			   err) < 0 ||
	    parse_state(snapshot, json, err) < 0)
		return -1;
	return snapshot_error_parse(json, arena, &snapshot->error, err);
}

static int parse_snapshot(struct object *object, struct json_object *json, struct error *err)
{
	if (parse_spec(snapshot_of(object), json, err) < 0)
		return -1;
	return parse_status(snapshot_of(object), json, err);
}

const struct kind snapshot_kind = {
	.api_version = SNAPSHOT_API_VERSION,
	.name = "VolumeSnapshot",
	.plural = "volumesnapshots",
	.namespaced = true,
	.size = sizeof(struct snapshot),
	.parse = parse_snapshot,
};
