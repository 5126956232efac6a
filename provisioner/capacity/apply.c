/* SPDX-License-Identifier: Apache-2.0 */
#include "capacity/apply.h"

#include <string.h>

#include "base/log.h"
#include "base/quantity.h"
#include "cluster/cluster.h"
#include "csi/names.h"
#include "kube/json.h"

static void set_bytes(struct json_object *json, const char *key, bool has, uint64_t bytes)
{
	char text[QUANTITY_TEXT_MAX];
	quantity_format_bytes(bytes, text);
	/* null: a merge patch takes an old value out; a creation ignores it. */
	json_object_object_add(json, key, has ? json_object_new_string(text) : NULL);
}

static void set_room(struct json_object *json, const struct room *room)
{
	set_bytes(json, "capacity", room->has_capacity, room->capacity_bytes);
	set_bytes(json, "maximumVolumeSize", room->has_maximum, room->maximum_bytes);
}

static void add_owner(struct json_object *list, const struct owner *owner)
{
	struct json_object *json = json_object_new_object();
	json_set_string(json, "apiVersion", owner->api_version);
	json_set_string(json, "kind", owner->kind);
	json_set_string(json, "name", owner->name);
	json_set_string(json, "uid", owner->uid);
	if (owner->controller)
		json_set_bool(json, "controller", true);
	if (owner->block_owner_deletion)
		json_set_bool(json, "blockOwnerDeletion", true);
	json_object_array_add(list, json);
}

/* Ours, and those of an existing object that are no controllers. */
static void set_owners(struct json_object *metadata, const struct capacity_owner *owner,
		       const struct object *object)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; object && i < object->owner_count; i++)
		if (!object->owners[i].controller)
			add_owner(list, &object->owners[i]);
	add_owner(list, &(struct owner) { .api_version = "apps/v1",
					  .kind = "Deployment",
					  .name = owner->name,
					  .uid = owner->uid,
					  .controller = true });
	json_set(metadata, "ownerReferences", list);
}

static int create(const struct applier *applier, const char *node_id,
		  const struct capacity_owner *owner, const struct capacity_decision *decision,
		  struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	const char *namespace = cluster_namespace(applier->cluster);
	const char *name = capacity_object_name(decision->class_name, node_id, arena);
	CLEANUP(json_object_putp)
	struct json_object *body = object_json(&storage_capacity_kind, namespace, name);
	struct json_object *metadata = json_child(body, "metadata");
	json_set_string(metadata, "generateName", "csisc-");
	struct json_object *labels = json_child(metadata, "labels");
	json_set_string(labels, STORAGE_CAPACITY_DRIVER_LABEL, CSI_DRIVER_NAME);
	json_set_string(labels, STORAGE_CAPACITY_MANAGER_LABEL, STORAGE_CAPACITY_MANAGER);
	if (owner->uid)
		set_owners(metadata, owner, NULL);
	json_set_string(json_child(json_child(body, "nodeTopology"), "matchLabels"),
			CSI_TOPOLOGY_KEY, node_id);
	json_set_string(body, "storageClassName", decision->class_name);
	set_room(body, &decision->room);
	return applier_create_in(applier, &storage_capacity_kind, namespace, body, err);
}

static int update(const struct applier *applier, const struct capacity_owner *owner,
		  const struct capacity_decision *decision, struct error *err)
{
	const struct object *object = &decision->object->object;
	CLEANUP(json_object_putp) struct json_object *patch = json_object_new_object();
	struct json_object *metadata = json_child(patch, "metadata");
	json_set_string(metadata, "resourceVersion", object->resource_version);
	const struct owner *is = object_controller(object);
	if (owner->uid && !(is && strcmp(is->uid, owner->uid) == 0))
		set_owners(metadata, owner, object);
	set_room(patch, &decision->room);
	return applier_merge(applier, object, patch, NULL, err);
}

static int carry_out(const struct applier *applier, const char *node_id,
		     const struct capacity_owner *owner, const struct capacity_decision *decision,
		     struct error *err)
{
	switch (decision->action) {
	case CAPACITY_CREATE:
		return create(applier, node_id, owner, decision, err);
	case CAPACITY_UPDATE:
		return update(applier, owner, decision, err);
	case CAPACITY_DELETE:
		return applier_delete(applier, &decision->object->object, err);
	}
	return 0;
}

int capacity_apply(const struct applier *applier, const char *node_id,
		   const struct capacity_owner *owner, const struct capacity_decision *decision,
		   struct error *err)
{
	static const char *const events[] = { "capacity created", "capacity changed",
					      "capacity deleted" };
	if (carry_out(applier, node_id, owner, decision, err) < 0)
		return err->code == ERROR_CONFLICT || err->code == ERROR_NOT_FOUND ? 1 : -1;
	log_debug(events[decision->action], LOG_TEXT("class", decision->class_name),
		  LOG_TEXT("node_id", node_id),
		  LOG_UINT("capacity_bytes", decision->room.capacity_bytes));
	return 0;
}
