/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/group_class.h"

#include <string.h>

#include "csi/names.h"
#include "kube/json.h"

static int parse_group_class(struct object *object, struct json_object *json, struct error *err)
{
	struct group_class *class = group_class_of(object);
	const char *policy;
	if (json_need_string(json, "driver", object->arena, &class->driver, err) < 0 ||
	    json_read_string(json, "deletionPolicy", object->arena, &policy, err) < 0)
		return -1;
	class->delete_group = policy && strcmp(policy, "Delete") == 0;
	const char *mark = pairs_get(&object->annotations, GROUP_CLASS_DEFAULT_ANNOTATION);
	class->is_default = mark && strcmp(mark, "true") == 0;
	return json_read_pairs(json, "parameters", object->arena, &class->parameters, err);
}

#define GROUP_CLASS                                                                                \
	.name = "VolumeGroupSnapshotClass", .plural = "volumegroupsnapshotclasses",                \
	.size = sizeof(struct group_class), .parse = parse_group_class

static const struct kind older_kind = { .api_version = GROUP_OLDER_API_VERSION, GROUP_CLASS };

const struct kind group_class_kind = {
	.api_version = GROUP_API_VERSION,
	.older = &older_kind,
	GROUP_CLASS,
};

bool group_class_is_ours(const struct group_class *class)
{
	return strcmp(class->driver, CSI_DRIVER_NAME) == 0;
}
