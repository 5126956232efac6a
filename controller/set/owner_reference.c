/* SPDX-License-Identifier: Apache-2.0 */
#include "set/owner_reference.h"

#include "kube/json.h"

struct json_object *owner_reference(const char *api_version, const char *kind, const char *name,
				    const char *uid)
{
	struct json_object *json = json_object_new_object();
	json_set_string(json, "apiVersion", api_version);
	json_set_string(json, "kind", kind);
	json_set_string(json, "name", name);
	json_set_string(json, "uid", uid);
	json_set_bool(json, "controller", true);
	json_set_bool(json, "blockOwnerDeletion", true);
	return json;
}

struct json_object *owner_reference_to_set(const struct statefulset *set)
{
	const struct object *object = &set->object;
	return owner_reference(object->kind->api_version, object->kind->name, object->name,
			       object->uid);
}

struct json_object *owner_references_to_set(const struct statefulset *set)
{
	struct json_object *list = json_object_new_array();
	json_object_array_add(list, owner_reference_to_set(set));
	return list;
}
