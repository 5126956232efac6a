/* SPDX-License-Identifier: Apache-2.0 */
#include "content/secret.h"

#include "apply/secret.h"
#include "cluster/snapshot_secret.h"

static const struct secret_keys keys = {
	.name = SNAPSHOT_DELETION_SECRET_NAME_ANNOTATION,
	.namespace = SNAPSHOT_DELETION_SECRET_NAMESPACE_ANNOTATION,
};

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

int content_secret_to_create(const struct applier *applier, const struct content_view *view,
			     struct secret_data *ret_data, struct error *err)
{
	struct secret_name name = { 0 };
	int r = secret_noted(&view->content->object, &keys, &name, err);
	if (r < 0 || (r > 0 && read_class(view, SNAPSHOT_SECRET_CREATE, &name, err) < 0))
		return -1;
	return secret_fetch_named(applier, &name, ret_data, err);
}

/* The members of a group snapshot have no class. */
int content_secret_to_look(const struct applier *applier, const struct content_view *view,
			   struct secret_data *ret_data, struct error *err)
{
	struct secret_name name = { 0 };
	if (view->content->group_handle &&
	    secret_noted(&view->content->object, &keys, &name, err) < 0)
		return -1;
	if (!name.name && read_class(view, SNAPSHOT_SECRET_LIST, &name, err) < 0)
		return -1;
	return secret_fetch_named(applier, &name, ret_data, err);
}

int content_secret_to_delete(const struct applier *applier, const struct snapshot_content *content,
			     struct secret_data *ret_data, struct error *err)
{
	struct secret_name name = { 0 };
	if (secret_noted(&content->object, &keys, &name, err) < 0)
		return -1;
	return secret_fetch_named(applier, &name, ret_data, err);
}
