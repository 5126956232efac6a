/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/making_patch.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cluster/snapshot_names.h"
#include "kube/json.h"

/* Kubernetes' rule for values of labels; names of nodes may be longer. */
#define LABEL_MAX_BYTES 63

struct json_object *making_patch_new(const struct object *content)
{
	struct json_object *patch = json_object_new_object();
	json_set_string(json_child(patch, "metadata"), "resourceVersion",
			content->resource_version);
	return patch;
}

void making_patch_drop(struct json_object *json, const char *key)
{
	json_object_object_add(json, key, NULL);
}

struct json_object *making_patch_begin(const struct object *content,
				       const struct snapshot_node *node, const char *being_created)
{
	const struct pairs *notes = &content->annotations;
	bool begins = being_created && !pairs_get(notes, being_created);
	bool notes_node = !pairs_get(notes, SNAPSHOT_NODE_ANNOTATION);
	if (!begins && !notes_node)
		return NULL;
	struct json_object *patch = making_patch_new(content);
	struct json_object *metadata = json_child(patch, "metadata");
	struct json_object *annotations = json_child(metadata, "annotations");
	if (begins)
		json_set_string(annotations, being_created, SNAPSHOT_YES);
	if (notes_node)
		json_set_string(annotations, SNAPSHOT_NODE_ANNOTATION, node->node_id);
	if (!pairs_get(&content->labels, SNAPSHOT_MANAGED_BY_LABEL) &&
	    strlen(node->name) <= LABEL_MAX_BYTES)
		json_set_string(json_child(metadata, "labels"), SNAPSHOT_MANAGED_BY_LABEL,
				node->name);
	return patch;
}

struct json_object *making_patch_failed(const struct object *content,
					const struct snapshot_error *error, const char *message)
{
	CLEANUP_FREE char *text = must_strdup(message);
	utf8_repair(text);
	if (error->message && strcmp(error->message, text) == 0)
		return NULL;
	char now[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s(), now);
	struct json_object *patch = making_patch_new(content);
	struct json_object *status = json_child(patch, "status");
	struct json_object *said = json_child(status, "error");
	json_set_string(said, "message", text);
	json_set_string(said, "time", now);
	json_set_bool(status, "readyToUse", false);
	return patch;
}
