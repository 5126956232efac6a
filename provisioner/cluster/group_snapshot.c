/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/group_snapshot.h"

#include "kube/json.h"

/* The API server does not look into a selector. So a wrong one is no reason to refuse the object:
 * then the role could neither tell the user of it nor end the group. */
static int parse_selector(struct group_snapshot *group, struct json_object *json, struct error *err)
{
	struct json_object *selector;
	struct error fault;
	if (json_read_object(json, "spec.source.selector", &selector, err) < 0)
		return -1;
	group->has_selector = selector != NULL;
	if (selector && selector_parse(selector, group->object.arena, &group->selector, &fault) < 0)
		group->selector_fault = arena_strdup(group->object.arena, fault.text);
	return 0;
}

static int parse_spec(struct group_snapshot *group, struct json_object *json, struct error *err)
{
	struct arena *arena = group->object.arena;
	if (parse_selector(group, json, err) < 0 ||
	    json_read_name(json, "spec.source.volumeGroupSnapshotContentName", arena,
			   &group->source_content_name, err) < 0)
		return -1;
	return json_read_name(json, "spec.volumeGroupSnapshotClassName", arena, &group->class_name,
			      err);
}

static int parse_status(struct group_snapshot *group, struct json_object *json, struct error *err)
{
	struct arena *arena = group->object.arena;
	struct json_object *status;
	if (json_read_object(json, "status", &status, err) < 0)
		return -1;
	group->has_status = status != NULL;
	group->says_ready = json_find(json, "status.readyToUse") != NULL;
	if (json_read_name(json, "status.boundVolumeGroupSnapshotContentName", arena,
			   &group->content_name, err) < 0 ||
	    json_read_bool(json, "status.readyToUse", false, &group->ready, err) < 0 ||
	    json_read_time(json, "status.creationTime", &group->taken_s, err) < 0)
		return -1;
	return snapshot_error_parse(json, arena, &group->error, err);
}

static int parse_group_snapshot(struct object *object, struct json_object *json, struct error *err)
{
	if (parse_spec(group_snapshot_of(object), json, err) < 0)
		return -1;
	return parse_status(group_snapshot_of(object), json, err);
}

#define GROUP_SNAPSHOT                                                                             \
	.name = "VolumeGroupSnapshot", .plural = "volumegroupsnapshots", .namespaced = true,       \
	.size = sizeof(struct group_snapshot), .parse = parse_group_snapshot

static const struct kind older_kind = { .api_version = GROUP_OLDER_API_VERSION, GROUP_SNAPSHOT };

const struct kind group_snapshot_kind = {
	.api_version = GROUP_API_VERSION,
	.older = &older_kind,
	GROUP_SNAPSHOT,
};
