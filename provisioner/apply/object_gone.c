/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/object_gone.h"

#include <string.h>

#include "base/text.h"
#include "kube/list.h"
#include "kube/verbs.h"

static void ignore_object(void *context, struct object *object)
{
}

/* That one object is not found says nothing where its kind is not served: a list does. */
static int confirm_served(struct kube_client *client, const struct object_name *name,
			  struct error *err)
{
	CLEANUP_FREE char *selector = must_printf("metadata.name=%s", name->name);
	const struct kube_scope scope = {
		.kind = name->kind,
		.namespace = name->namespace,
		.field_selector = selector,
	};
	if (kube_list(client, &scope, ignore_object, NULL, NULL, NULL, err) < 0)
		return error_not_named(err);
	return 0;
}

int object_read(struct kube_client *client, const struct object_name *name,
		struct object **ret_object, struct error *err)
{
	if (kube_get(client, name->kind, name->namespace, name->name, ret_object, err) == 0)
		return 0;
	return err->code == ERROR_NOT_FOUND ? confirm_served(client, name, err) : -1;
}

int object_confirm_gone(const struct applier *applier, const struct object_name *name,
			struct error *err)
{
	CLEANUP(object_unrefp) struct object *object = NULL;
	if (!name->namespace || !*name->namespace || !name->name || !*name->name)
		return 0;
	if (object_read(applier->client, name, &object, err) < 0)
		return -1;
	if (!object || (name->uid && strcmp(object->uid, name->uid) != 0))
		return 0;
	return error_set(err, ERROR_CONFLICT,
			 "there is a %s that our copy does not show: what it needs stays",
			 name->kind->name);
}
