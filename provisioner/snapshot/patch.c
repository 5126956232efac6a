/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/patch.h"

#include <string.h>

#include "apply/snapshot_status.h"
#include "csi/names.h"
#include "kube/json.h"

static struct json_object *patch_of(const struct object *object)
{
	struct json_object *patch = json_object_new_object();
	json_set_string(json_child(patch, "metadata"), "resourceVersion", object->resource_version);
	return patch;
}

static void append(struct json_object *list, const char *finalizer)
{
	json_object_array_add(list, json_object_new_string(finalizer));
}

static void add_finalizers(struct json_object *patch, const struct object *object, bool bound_too)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < object->finalizer_count; i++)
		append(list, object->finalizers[i]);
	if (!object_has_finalizer(object, SNAPSHOT_SOURCE_FINALIZER))
		append(list, SNAPSHOT_SOURCE_FINALIZER);
	if (bound_too && !object_has_finalizer(object, SNAPSHOT_BOUND_FINALIZER))
		append(list, SNAPSHOT_BOUND_FINALIZER);
	json_set(json_child(patch, "metadata"), "finalizers", list);
}

struct json_object *snapshot_patch_prepare(const struct snapshot *snapshot,
					   const struct snapshot_plan *plan)
{
	struct json_object *patch = patch_of(&snapshot->object);
	add_finalizers(patch, &snapshot->object, plan->protects_bound);
	json_set_string(json_child(json_child(patch, "metadata"), "annotations"),
			SNAPSHOT_DRIVER_ANNOTATION, CSI_DRIVER_NAME);
	if (plan->names_class)
		json_set_string(json_child(patch, "spec"), "volumeSnapshotClassName",
				plan->class->object.name);
	return patch;
}

struct json_object *snapshot_patch_release(const struct snapshot *snapshot)
{
	const struct object *object = &snapshot->object;
	struct json_object *patch = patch_of(object);
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < object->finalizer_count; i++)
		if (strcmp(object->finalizers[i], SNAPSHOT_SOURCE_FINALIZER) != 0 &&
		    strcmp(object->finalizers[i], SNAPSHOT_BOUND_FINALIZER) != 0)
			append(list, object->finalizers[i]);
	json_set(json_child(patch, "metadata"), "finalizers", list);
	return patch;
}

struct json_object *snapshot_patch_error(const struct snapshot *snapshot, const char *message)
{
	struct json_object *patch = patch_of(&snapshot->object);
	struct json_object *status = json_child(patch, "status");
	json_set_bool(status, "readyToUse", false);
	snapshot_status_set_error(status, message, 0);
	return patch;
}

struct json_object *snapshot_patch_bind(const struct snapshot_content *content,
					const struct snapshot *snapshot)
{
	struct json_object *patch = patch_of(&content->object);
	struct json_object *spec = json_child(patch, "spec");
	json_set_string(json_child(spec, "volumeSnapshotRef"), "uid", snapshot->object.uid);
	if (!content->class_name)
		json_set_string(spec, "volumeSnapshotClassName", snapshot->class_name);
	return patch;
}

/* The other part writes to the content too, so this holds for the object in any version. */
struct json_object *snapshot_patch_mark(const struct snapshot_content *content)
{
	struct json_object *patch = json_object_new_object();
	struct json_object *metadata = json_child(patch, "metadata");
	json_set_string(metadata, "uid", content->object.uid);
	json_set_string(json_child(metadata, "annotations"), SNAPSHOT_BEING_DELETED_ANNOTATION,
			SNAPSHOT_YES);
	return patch;
}
