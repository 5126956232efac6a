/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/attributes_class.h"

#include <string.h>

#include "csi/names.h"
#include "kube/json.h"

static int parse_attributes_class(struct object *object, struct json_object *json,
				  struct error *err)
{
	struct attributes_class *class = attributes_class_of(object);
	if (json_need_string(json, "driverName", object->arena, &class->driver, err) < 0)
		return -1;
	return json_read_pairs(json, "parameters", object->arena, &class->parameters, err);
}

const struct kind attributes_class_kind = {
	.api_version = "storage.k8s.io/v1",
	.name = "VolumeAttributesClass",
	.plural = "volumeattributesclasses",
	.size = sizeof(struct attributes_class),
	.parse = parse_attributes_class,
};

bool attributes_class_is_ours(const struct attributes_class *class)
{
	return strcmp(class->driver, CSI_DRIVER_NAME) == 0;
}
