/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/metadata_patch.h"

#include <string.h>

#include "base/text.h"
#include "kube/json.h"

struct json_object *metadata_patch_add(const struct object *object, const char *finalizer,
				       const char *annotation, const char *value)
{
	struct json_object *patch = json_object_new_object();
	struct json_object *metadata = json_child(patch, "metadata");
	json_set_string(metadata, "resourceVersion", object->resource_version);
	if (!object_has_finalizer(object, finalizer)) {
		struct json_object *finalizers = json_object_new_array();
		for (size_t i = 0; i < object->finalizer_count; i++)
			json_object_array_add(finalizers,
					      json_object_new_string(object->finalizers[i]));
		json_object_array_add(finalizers, json_object_new_string(finalizer));
		json_set(metadata, "finalizers", finalizers);
	}
	if (annotation)
		json_set_string(json_child(metadata, "annotations"), annotation, value);
	return patch;
}

struct json_object *metadata_patch_annotate(const struct object *object, const char *annotation,
					    const char *value)
{
	struct json_object *patch = json_object_new_object();
	struct json_object *metadata = json_child(patch, "metadata");
	json_set_string(metadata, "resourceVersion", object->resource_version);
	json_set_string(json_child(metadata, "annotations"), annotation, value);
	return patch;
}

static void add_step(struct json_object *patch, const char *op, const char *path, const char *value)
{
	struct json_object *step = json_object_new_object();
	json_set_string(step, "op", op);
	json_set_string(step, "path", path);
	json_set_string(step, "value", value);
	json_object_array_add(patch, step);
}

struct json_object *metadata_patch_new(const struct object *object)
{
	struct json_object *patch = json_object_new_array();
	add_step(patch, "test", "/metadata/uid", object->uid);
	return patch;
}

bool metadata_patch_is_empty(const struct json_object *patch)
{
	return json_object_array_length(patch) == 1;
}

static void remove_tested(struct json_object *patch, const char *path, const char *value)
{
	add_step(patch, "test", path, value);
	add_step(patch, "remove", path, NULL);
}

void metadata_patch_remove_finalizer(struct json_object *patch, const struct object *object,
				     const char *finalizer)
{
	for (size_t i = 0; i < object->finalizer_count; i++) {
		if (strcmp(object->finalizers[i], finalizer) != 0)
			continue;
		CLEANUP_FREE char *path = must_printf("/metadata/finalizers/%zu", i);
		remove_tested(patch, path, finalizer);
		return;
	}
}

/* RFC 6901: "~" is written as "~0", "/" as "~1". */
static void append_pointer_token(struct text *text, const char *token)
{
	for (; *token; token++) {
		if (*token == '~')
			text_append_string(text, "~0");
		else if (*token == '/')
			text_append_string(text, "~1");
		else
			text_append(text, token, 1);
	}
}

void metadata_patch_remove_annotation(struct json_object *patch, const struct object *object,
				      const char *annotation)
{
	const char *value = pairs_get(&object->annotations, annotation);
	if (!value)
		return;
	CLEANUP_TEXT struct text path = TEXT_INIT;
	text_append_string(&path, "/metadata/annotations/");
	append_pointer_token(&path, annotation);
	remove_tested(patch, text_string(&path), value);
}

struct json_object *metadata_patch_drop_finalizer(const struct object *object,
						  const char *finalizer)
{
	struct json_object *patch = json_object_new_object();
	struct json_object *metadata = json_child(patch, "metadata");
	struct json_object *dropped = json_object_new_array();
	json_object_array_add(dropped, json_object_new_string(finalizer));
	json_set_string(metadata, "uid", object->uid);
	json_set(metadata, "$deleteFromPrimitiveList/finalizers", dropped);
	return patch;
}
