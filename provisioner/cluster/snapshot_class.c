/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/snapshot_class.h"

#include <string.h>

#include "csi/names.h"
#include "kube/json.h"

static int parse_snapshot_class(struct object *object, struct json_object *json, struct error *err)
{
	struct snapshot_class *class = snapshot_class_of(object);
	const char *policy;
	if (json_need_string(json, "driver", object->arena, &class->driver, err) < 0 ||
	    json_read_string(json, "deletionPolicy", object->arena, &policy, err) < 0)
		return -1;
	class->delete_snapshot = policy && strcmp(policy, "Delete") == 0;
	const char *mark = pairs_get(&object->annotations, SNAPSHOT_CLASS_DEFAULT_ANNOTATION);
	class->is_default = mark && strcmp(mark, "true") == 0;
	return json_read_pairs(json, "parameters", object->arena, &class->parameters, err);
}

const struct kind snapshot_class_kind = {
	.api_version = SNAPSHOT_API_VERSION,
	.name = "VolumeSnapshotClass",
	.plural = "volumesnapshotclasses",
	.size = sizeof(struct snapshot_class),
	.parse = parse_snapshot_class,
};

bool snapshot_class_is_ours(const struct snapshot_class *class)
{
	return strcmp(class->driver, CSI_DRIVER_NAME) == 0;
}
