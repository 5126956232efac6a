/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/object_write.h"

#include <string.h>

#include "kube/json.h"
#include "kube/verbs.h"

/* Another writer may be faster so many times in a row. */
#define TRIES_MAX 5

static int try_write(const struct applier *applier, const struct object *object,
		     const struct object_write *write, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = write->make_patch(object, write->what);
	if (!patch)
		return 0;
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
