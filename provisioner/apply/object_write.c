/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/object_write.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "kube/json.h"
#include "kube/verbs.h"

/* Another writer may be faster so many times in a row. */
#define TRIES_MAX 5

static int try_write(const struct applier *applier, const struct object *object,
		     const struct object_write *write, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = write->make_patch(object, write->what);
	if (!patch) {
		if (write->ret_object)
			*write->ret_object = object_ref((struct object *)object);
		return 0;
	}
	if (write->custom)
		return write->status
			       ? applier_patch_status(applier, object, patch, write->ret_object,
						      err)
			       : applier_merge(applier, object, patch, write->ret_object, err);
	return write->status ? applier_merge_status(applier, object, patch, NULL, err)
			     : applier_merge_lists(applier, object, patch, err);
}

static bool is_ours(const struct object_write *write, const struct object *newest,
		    const struct object *seen)
{
	return strcmp(newest->uid, seen->uid) == 0 &&
	       (!write->is_ours || write->is_ours(newest, seen));
}

int object_write(const struct applier *applier, const struct object *object,
		 const struct object_write *write, struct error *err)
{
	CLEANUP(object_unrefp)
	struct object *newest = object_ref((struct object *)object);
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		if (try_write(applier, newest, write, err) == 0)
			return 0;
		if (err->code != ERROR_CONFLICT)
			return -1;
		object_unref(TAKE(newest));
		if (kube_get(applier->client, object->kind, object->namespace, object->name,
			     &newest, err) < 0)
			return -1;
		if (!is_ours(write, newest, object))
			return 1;
	}
	return error_set(err, ERROR_CONFLICT, "%s changes all the time", object->name);
}

int object_confirm(const struct applier *applier, const struct object *object,
		   struct object **ret_object, struct error *err)
{
	CLEANUP(object_unrefp) struct object *newest = NULL;
	if (kube_get(applier->client, object->kind, object->namespace, object->name, &newest, err) <
	    0)
		return -1;
	if (strcmp(newest->uid, object->uid) != 0 ||
	    strcmp(newest->resource_version, object->resource_version) != 0)
		return 1;
	*ret_object = TAKE(newest);
	return 0;
}

static int drop(const struct applier *applier, const struct object *object,
		struct json_object *patch, struct error *err)
{
	if (metadata_patch_is_empty(patch) || applier_edit(applier, object, patch, err) == 0 ||
	    err->code == ERROR_NOT_FOUND)
		return 0;
	return -1;
}

int object_drop_annotation(const struct applier *applier, const struct object *object,
			   const char *annotation, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = metadata_patch_new(object);
	metadata_patch_remove_annotation(patch, object, annotation);
	return drop(applier, object, patch, err);
}

int object_drop_finalizer(const struct applier *applier, const struct object *object,
			  const char *finalizer, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = metadata_patch_new(object);
	metadata_patch_remove_finalizer(patch, object, finalizer);
	return drop(applier, object, patch, err);
}
