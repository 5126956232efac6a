/* SPDX-License-Identifier: Apache-2.0 */
#include "content/patch.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"
#include "kube/json.h"

/* Kubernetes' rule for values of labels; names of nodes may be longer. */
#define LABEL_MAX_BYTES 63

static struct json_object *patch_of(const struct snapshot_content *content)
{
	struct json_object *patch = json_object_new_object();
	json_set_string(json_child(patch, "metadata"), "resourceVersion",
			content->object.resource_version);
	return patch;
}

static void set_null(struct json_object *json, const char *key)
{
	json_object_object_add(json, key, NULL);
}

struct json_object *content_patch_begin(const struct snapshot_content *content,
					const struct snapshot_node *node, bool being_created)
{
	const struct pairs *labels = &content->object.labels;
	const struct pairs *notes = &content->object.annotations;
	bool begins = being_created && !pairs_get(notes, SNAPSHOT_BEING_CREATED_ANNOTATION);
	bool places = !pairs_get(notes, SNAPSHOT_NODE_ANNOTATION);
	if (!begins && !places)
		return NULL;
	struct json_object *patch = patch_of(content);
	struct json_object *metadata = json_child(patch, "metadata");
	struct json_object *annotations = json_child(metadata, "annotations");
	if (begins)
		json_set_string(annotations, SNAPSHOT_BEING_CREATED_ANNOTATION, SNAPSHOT_YES);
	if (places)
		json_set_string(annotations, SNAPSHOT_NODE_ANNOTATION, node->node_id);
	if (!pairs_get(labels, SNAPSHOT_MANAGED_BY_LABEL) && strlen(node->name) <= LABEL_MAX_BYTES)
		json_set_string(json_child(metadata, "labels"), SNAPSHOT_MANAGED_BY_LABEL,
				node->name);
	return patch;
}

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
	CLEANUP(json_object_putp) struct json_object *patch = patch_of(content);
	struct json_object *status = json_child(patch, "status");
	add_facts(content, snapshot, status);
	if (!content->says_ready || content->ready != snapshot->ready)
		json_set_bool(status, "readyToUse", snapshot->ready);
	if (snapshot->ready && content->error.message)
		set_null(status, "error");
	return json_object_object_length(status) ? TAKE(patch) : NULL;
}

struct json_object *content_patch_failed(const struct snapshot_content *content,
					 const char *message)
{
	CLEANUP_FREE char *text = must_strdup(message);
	utf8_repair(text);
	if (content->error.message && strcmp(content->error.message, text) == 0)
		return NULL;
	char now[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s(), now);
	struct json_object *patch = patch_of(content);
	struct json_object *status = json_child(patch, "status");
	struct json_object *error = json_child(status, "error");
	json_set_string(error, "message", text);
	json_set_string(error, "time", now);
	json_set_bool(status, "readyToUse", false);
	return patch;
}

struct json_object *content_patch_deleted(const struct snapshot_content *content)
{
	if (!content->handle && !content->says_ready && !content->taken_ns &&
	    !content->has_restore_size)
		return NULL;
	struct json_object *patch = patch_of(content);
	struct json_object *status = json_child(patch, "status");
	set_null(status, "snapshotHandle");
	set_null(status, "readyToUse");
	set_null(status, "creationTime");
	set_null(status, "restoreSize");
	return patch;
}
