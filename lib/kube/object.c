/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/object.h"

#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "kube/object_text.h"

/* Most objects of ours fit into a first block of this size. */
#define ARENA_FIRST_BYTES 1024

static int parse_owner(struct owner *owner, struct json_object *json, struct arena *arena,
		       struct error *err)
{
	if (!json_object_is_type(json, json_type_object))
		return error_set(err, ERROR_INVALID, "apiVersion: is missing");
	if (json_need_string(json, "apiVersion", arena, &owner->api_version, err) < 0 ||
	    json_need_string(json, "kind", arena, &owner->kind, err) < 0 ||
	    json_need_string(json, "name", arena, &owner->name, err) < 0 ||
	    json_need_string(json, "uid", arena, &owner->uid, err) < 0 ||
	    json_read_bool(json, "controller", false, &owner->controller, err) < 0)
		return -1;
	return json_read_bool(json, "blockOwnerDeletion", false, &owner->block_owner_deletion, err);
}

static int parse_owners(struct object *object, struct json_object *metadata, struct error *err)
{
	struct json_object *list = NULL;
	if (json_read_list(metadata, "ownerReferences", &list, &object->owner_count, err) < 0)
		return -1;
	object->owners = arena_alloc(object->arena, object->owner_count * sizeof(*object->owners));
	for (size_t i = 0; i < object->owner_count; i++)
		if (parse_owner(&object->owners[i], json_object_array_get_idx(list, i),
				object->arena, err) < 0)
			return json_error_in(err, "ownerReferences[%zu]", i);
	return 0;
}

static int parse_place(struct object *object, struct json_object *metadata, struct error *err)
{
	if (json_need_string(metadata, "name", object->arena, &object->name, err) < 0 ||
	    json_read_string(metadata, "namespace", object->arena, &object->namespace, err) < 0)
		return -1;
	if (!object->namespace)
		object->namespace = "";
	if (object->kind->namespaced && !*object->namespace)
		return error_set(err, ERROR_INVALID, "namespace: is missing");
	return 0;
}

static int parse_metadata(struct object *object, struct json_object *metadata, struct error *err)
{
	struct arena *arena = object->arena;
	if (parse_place(object, metadata, err) < 0 ||
	    json_read_string(metadata, "uid", arena, &object->uid, err) < 0 ||
	    json_read_string(metadata, "resourceVersion", arena, &object->resource_version, err) <
		    0 ||
	    json_read_int(metadata, "generation", 0, &object->generation, err) < 0 ||
	    json_read_time(metadata, "creationTimestamp", &object->created_s, err) < 0 ||
	    json_read_time(metadata, "deletionTimestamp", &object->deleted_s, err) < 0 ||
	    json_read_pairs(metadata, "labels", arena, &object->labels, err) < 0 ||
	    json_read_pairs(metadata, "annotations", arena, &object->annotations, err) < 0 ||
	    json_read_strings(metadata, "finalizers", arena, &object->finalizers,
			      &object->finalizer_count, err) < 0)
		return -1;
	if (!object->uid)
		object->uid = "";
	if (!object->resource_version)
		object->resource_version = "";
	return parse_owners(object, metadata, err);
}

static struct object *object_new(const struct kind *kind)
{
	struct arena *arena = arena_new(ARENA_FIRST_BYTES);
	struct object *object = arena_alloc(arena, kind->size);
	object->arena = arena;
	object->references = 1;
	object->kind = kind;
	return object;
}

/* Items of a list come without kind and apiVersion (Kubernetes API conventions, lists). */
static int check_kind(const struct kind *kind, struct json_object *json, struct arena *arena,
		      struct error *err)
{
	const char *name;
	if (json_read_string(json, "kind", arena, &name, err) < 0)
		return -1;
	if (name && *name && strcmp(name, kind->name) != 0)
		return error_set(err, ERROR_INVALID, "kind: is %.64s, not %s", name, kind->name);
	return 0;
}

int object_parse(const struct kind *kind, struct json_object *json, struct object **ret_object,
		 struct error *err)
{
	if (!json_object_is_type(json, json_type_object))
		return error_set(err, ERROR_INVALID, "%s: must be an object, not %s", kind->name,
				 json_type_to_name(json_object_get_type(json)));
	CLEANUP(object_unrefp) struct object *object = object_new(kind);
	struct json_object *metadata;
	if (check_kind(kind, json, object->arena, err) < 0 ||
	    json_read_object(json, "metadata", &metadata, err) < 0)
		return -1;
	if (parse_metadata(object, metadata, err) < 0)
		return json_error_in(err, "metadata");
	if (kind->parse && kind->parse(object, json, err) < 0)
		return -1;
	*ret_object = TAKE(object);
	return 0;
}

static int parse_pruned(const struct kind *kind, const struct text *text,
			struct object **ret_object, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *tree = NULL;
	if (json_parse(text_string(text), text->length, &tree, err) < 0)
		return -1;
	return object_parse(kind, tree, ret_object, err);
}

int object_parse_text(const struct kind *kind, const char *json, size_t length,
		      struct object **ret_object, struct error *err)
{
	const struct json_span span = { json, length };
	CLEANUP_TEXT struct text text = TEXT_INIT;
	if (object_text_prune(kind, &span, &text, err) < 0)
		return -1;
	return parse_pruned(kind, &text, ret_object, err);
}

int object_parse_name(const struct kind *kind, const char *json, size_t length,
		      struct object **ret_object, struct error *err)
{
	const struct json_span span = { json, length };
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct kind bare = *kind;
	bare.parse = NULL;
	if (object_text_name(&span, &text, err) < 0 ||
	    parse_pruned(&bare, &text, ret_object, err) < 0)
		return -1;
	(*ret_object)->kind = kind;
	return 0;
}

int object_name_error(const struct kind *kind, const char *json, size_t length, struct error *err)
{
	CLEANUP(object_unrefp) struct object *object = NULL;
	struct error unnamed;
	if (object_parse_name(kind, json, length, &object, &unnamed) < 0)
		return -1;
	return error_prefix(err, "%s%s%s", object->namespace, *object->namespace ? "/" : "",
			    object->name);
}

struct object *object_ref(struct object *object)
{
	__atomic_add_fetch(&object->references, 1, __ATOMIC_RELAXED);
	return object;
}

void object_unref(struct object *object)
{
	if (object && __atomic_sub_fetch(&object->references, 1, __ATOMIC_ACQ_REL) == 0)
		arena_free(object->arena);
}

bool object_has_finalizer(const struct object *object, const char *finalizer)
{
	for (size_t i = 0; i < object->finalizer_count; i++)
		if (strcmp(object->finalizers[i], finalizer) == 0)
			return true;
	return false;
}

const struct owner *object_controller(const struct object *object)
{
	for (size_t i = 0; i < object->owner_count; i++)
		if (object->owners[i].controller)
			return &object->owners[i];
	return NULL;
}

struct json_object *object_json(const struct kind *kind, const char *namespace, const char *name)
{
	struct json_object *json = json_object_new_object();
	json_set_string(json, "apiVersion", kind->api_version);
	json_set_string(json, "kind", kind->name);
	struct json_object *metadata = json_child(json, "metadata");
	json_set_string(metadata, "name", name);
	if (kind->namespaced)
		json_set_string(metadata, "namespace", namespace);
	return json;
}

void object_list_done(struct object_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		object_unref(list->items[i]);
	free(list->items);
	*list = (struct object_list) { 0 };
}
