/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/applier.h"

#include "kube/json.h"
#include "kube/verbs.h"

int applier_create_in(const struct applier *applier, const struct kind *kind, const char *namespace,
		      struct json_object *body, struct error *err)
{
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	return kube_create(applier->client, kind, namespace, body, NULL, err);
}

int applier_create_object(const struct applier *applier, const struct kind *kind,
			  struct json_object *body, struct object **ret_object, struct error *err)
{
	struct json_object *namespace = json_find(body, "metadata.namespace");
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	return kube_create(applier->client, kind,
			   namespace ? json_object_get_string(namespace) : "", body, ret_object,
			   err);
}

int applier_create(const struct applier *applier, const struct kind *kind, struct json_object *body,
		   struct error *err)
{
	return applier_create_in(applier, kind, "", body, err);
}

int applier_merge(const struct applier *applier, const struct object *object,
		  struct json_object *patch, struct object **ret_object, struct error *err)
{
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	return kube_patch(applier->client, object->kind, object->namespace, object->name, NULL,
			  KUBE_PATCH_MERGE, patch, ret_object, err);
}

int applier_edit(const struct applier *applier, const struct object *object,
		 struct json_object *patch, struct error *err)
{
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	return kube_patch(applier->client, object->kind, object->namespace, object->name, NULL,
			  KUBE_PATCH_JSON, patch, NULL, err);
}

int applier_merge_lists(const struct applier *applier, const struct object *object,
			struct json_object *patch, struct error *err)
{
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	return kube_patch(applier->client, object->kind, object->namespace, object->name, NULL,
			  KUBE_PATCH_STRATEGIC, patch, NULL, err);
}

int applier_merge_status(const struct applier *applier, const struct object *object,
			 struct json_object *patch, struct object **ret_object, struct error *err)
{
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	return kube_patch(applier->client, object->kind, object->namespace, object->name, "status",
			  KUBE_PATCH_STRATEGIC, patch, ret_object, err);
}

int applier_patch_status(const struct applier *applier, const struct object *object,
			 struct json_object *patch, struct object **ret_object, struct error *err)
{
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	return kube_patch(applier->client, object->kind, object->namespace, object->name, "status",
			  KUBE_PATCH_MERGE, patch, ret_object, err);
}

int applier_delete(const struct applier *applier, const struct object *object, struct error *err)
{
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	return kube_delete(applier->client, object->kind, object->namespace, object->name,
			   object->uid, NULL, err);
}

int applier_delete_unchanged(const struct applier *applier, const struct object *object,
			     struct error *err)
{
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	return kube_delete(applier->client, object->kind, object->namespace, object->name,
			   object->uid, object->resource_version, err);
}

void applier_short_of_room(const struct applier *applier, const char *node, uint64_t since_ms)
{
	if (applier->short_of_room)
		applier->short_of_room(applier->context, node, since_ms);
}

void applier_resumed(const struct applier *applier)
{
	if (applier->resumed)
		applier->resumed(applier->context);
}

void applier_room_changed(const struct applier *applier, const char *node)
{
	if (applier->room_changed)
		applier->room_changed(applier->context, node);
}
