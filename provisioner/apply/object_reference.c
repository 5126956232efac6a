/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/object_reference.h"

#include "kube/json.h"

struct json_object *object_reference_to(const struct object *object)
{
	struct json_object *reference = json_object_new_object();
	json_set_string(reference, "apiVersion", object->kind->api_version);
	json_set_string(reference, "kind", object->kind->name);
	json_set_string(reference, "namespace", object->namespace);
	json_set_string(reference, "name", object->name);
	json_set_string(reference, "uid", object->uid);
	json_set_string(reference, "resourceVersion", object->resource_version);
	return reference;
}
