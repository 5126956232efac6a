/* SPDX-License-Identifier: Apache-2.0 */
#include "content/secret.h"

#include "apply/secret.h"
#include "cluster/snapshot_secret.h"

/* 1: none is written. */
static int read_annotations(const struct snapshot_content *content, struct secret_name *ret_name,
			    struct error *err)
{
	const struct pairs *notes = &content->object.annotations;
	const char *name = pairs_get(notes, SNAPSHOT_DELETION_SECRET_NAME_ANNOTATION);
	const char *namespace = pairs_get(notes, SNAPSHOT_DELETION_SECRET_NAMESPACE_ANNOTATION);
	if (!name && !namespace)
		return 1;
	if (!name || !*name || !namespace || !*namespace)
		return error_set(err, ERROR_INVALID,
				 "metadata.annotations: a Secret is named by its name and its "
				 "namespace; give both " SNAPSHOT_DELETION_SECRET_NAME_ANNOTATION
				 " and " SNAPSHOT_DELETION_SECRET_NAMESPACE_ANNOTATION);
	*ret_name = (struct secret_name) { .namespace = namespace, .name = name };
	return 0;
}

static int read_class(const struct content_view *view, enum snapshot_secret_use use,
		      struct secret_name *ret_name, struct error *err)
{
	const struct snapshot_content *content = view->content;
	if (!view->class || !snapshot_class_is_ours(view->class))
		return 0;
	const struct snapshot_secret_origin origin = {
		.class = &view->class->object,
		.parameters = &view->class->parameters,
		.content_name = content->object.name,
		.snapshot_namespace = content->snapshot_namespace,
		.snapshot_name = content->snapshot_name,
		.arena = view->arena,
	};
	return snapshot_secret_read(&origin, use, ret_name, err);
}

/* Codes of the Secret must not be taken for those of the snapshot. */
static int fetch(const struct applier *applier, const struct secret_name *name,
		 struct secret_data *ret_data, struct error *err)
{
	if (secret_fetch(applier, name->namespace, name->name, ret_data, err) == 0)
		return 0;
	error_prefix(err, "Secret %s/%s", name->namespace, name->name);
	return err->code == ERROR_NOT_FOUND ? error_not_named(err) : -1;
}

int content_secret_to_create(const struct applier *applier, const struct content_view *view,
			     struct secret_data *ret_data, struct error *err)
{
	struct secret_name name = { 0 };
	int r = read_annotations(view->content, &name, err);
	if (r < 0 || (r > 0 && read_class(view, SNAPSHOT_SECRET_CREATE, &name, err) < 0))
		return -1;
	return fetch(applier, &name, ret_data, err);
}

/* The members of a group snapshot have no class. */
int content_secret_to_look(const struct applier *applier, const struct content_view *view,
			   struct secret_data *ret_data, struct error *err)
{
	struct secret_name name = { 0 };
	if (view->content->group_handle && read_annotations(view->content, &name, err) < 0)
		return -1;
	if (!name.name && read_class(view, SNAPSHOT_SECRET_LIST, &name, err) < 0)
		return -1;
	return fetch(applier, &name, ret_data, err);
}

int content_secret_to_delete(const struct applier *applier, const struct snapshot_content *content,
			     struct secret_data *ret_data, struct error *err)
{
	struct secret_name name = { 0 };
	if (read_annotations(content, &name, err) < 0)
		return -1;
	return fetch(applier, &name, ret_data, err);
}
