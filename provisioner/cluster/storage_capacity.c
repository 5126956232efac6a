/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/storage_capacity.h"

#include "kube/json.h"

static int parse_room(struct json_object *json, struct room *room, struct error *err)
{
	room->has_capacity = json_find(json, "capacity") != NULL;
	room->has_maximum = json_find(json, "maximumVolumeSize") != NULL;
	if (json_read_bytes(json, "capacity", &room->capacity_bytes, err) < 0)
		return -1;
	return json_read_bytes(json, "maximumVolumeSize", &room->maximum_bytes, err);
}

static int parse_storage_capacity(struct object *object, struct json_object *json,
				  struct error *err)
{
	struct storage_capacity *capacity = storage_capacity_of(object);
	struct pairs labels = { 0 };
	size_t expressions;
	struct json_object *list;
	if (json_need_string(json, "storageClassName", object->arena, &capacity->class_name, err) <
		    0 ||
	    json_read_pairs(json, "nodeTopology.matchLabels", object->arena, &labels, err) < 0 ||
	    json_read_list(json, "nodeTopology.matchExpressions", &list, &expressions, err) < 0)
		return -1;
	if (labels.count == 1 && expressions == 0)
		capacity->node_id = pairs_get(&labels, CSI_TOPOLOGY_KEY);
	return parse_room(json, &capacity->room, err);
}

const struct kind storage_capacity_kind = {
	.api_version = "storage.k8s.io/v1",
	.name = "CSIStorageCapacity",
	.plural = "csistoragecapacities",
	.namespaced = true,
	.size = sizeof(struct storage_capacity),
	.parse = parse_storage_capacity,
};
