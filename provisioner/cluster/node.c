/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/node.h"

#include <string.h>

#include "csi/names.h"
#include "kube/json.h"

static int parse_taints(struct node *node, struct json_object *json, struct error *err)
{
	struct json_object *taints;
	size_t count;
	if (json_read_list(json, "spec.taints", &taints, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *effect;
		if (json_need_string(json_object_array_get_idx(taints, i), "effect",
				     node->object.arena, &effect, err) < 0)
			return json_error_in(err, "spec.taints[%zu]", i);
		if (strcmp(effect, "PreferNoSchedule") != 0)
			node->tainted = true;
	}
	return json_read_bool(json, "spec.unschedulable", false, &node->unschedulable, err);
}

static int parse_node(struct object *object, struct json_object *json, struct error *err)
{
	struct json_object *conditions;
	size_t count;
	if (json_read_list(json, "status.conditions", &conditions, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct json_object *condition = json_object_array_get_idx(conditions, i);
		const char *type, *status;
		if (json_need_string(condition, "type", object->arena, &type, err) < 0 ||
		    json_need_string(condition, "status", object->arena, &status, err) < 0)
			return json_error_in(err, "status.conditions[%zu]", i);
		if (strcmp(type, "Ready") == 0)
			node_of(object)->ready = strcmp(status, "True") == 0;
	}
	return parse_taints(node_of(object), json, err);
}

/* The largest parts of a node, and never looked at. */
static const char *const unread[] = { "status.images", "status.volumesAttached",
				      "status.volumesInUse", NULL };

const struct kind node_kind = {
	.api_version = "v1",
	.name = "Node",
	.plural = "nodes",
	.size = sizeof(struct node),
	.unread = unread,
	.parse = parse_node,
};

static int parse_driver(struct csi_node *node, struct json_object *json, struct error *err)
{
	const char *name;
	struct arena *arena = node->object.arena;
	if (json_need_string(json, "name", arena, &name, err) < 0)
		return -1;
	if (strcmp(name, CSI_DRIVER_NAME) != 0)
		return 0;
	if (json_need_string(json, "nodeID", arena, &node->node_id, err) < 0)
		return -1;
	return json_read_strings(json, "topologyKeys", arena, &node->topology_keys,
				 &node->topology_key_count, err);
}

static int parse_csi_node(struct object *object, struct json_object *json, struct error *err)
{
	struct json_object *drivers;
	size_t count;
	if (json_read_list(json, "spec.drivers", &drivers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (parse_driver(csi_node_of(object), json_object_array_get_idx(drivers, i), err) <
		    0)
			return json_error_in(err, "spec.drivers[%zu]", i);
	return 0;
}

const struct kind csi_node_kind = {
	.api_version = "storage.k8s.io/v1",
	.name = "CSINode",
	.plural = "csinodes",
	.size = sizeof(struct csi_node),
	.parse = parse_csi_node,
};
