/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/secret.h"

#include "apply/secret.h"
#include "cluster/snapshot_secret.h"

static const struct secret_keys keys = {
	.name = GROUP_DELETION_SECRET_NAME_ANNOTATION,
	.namespace = GROUP_DELETION_SECRET_NAMESPACE_ANNOTATION,
};

static int read_class(const struct group_content_view *view, enum snapshot_secret_use use,
		      struct secret_name *ret_name, struct error *err)
{
	const struct group_content *content = view->content;
	if (!view->class || !group_class_is_ours(view->class))
		return 0;
	const struct snapshot_secret_origin origin = {
		.class = &view->class->object,
		.parameters = &view->class->parameters,
		.content_name = content->object.name,
		.snapshot_namespace = content->group_namespace,
		.snapshot_name = content->group_name,
		.arena = view->arena,
	};
	return snapshot_secret_read(&origin, use, ret_name, err);
}

int group_content_secret_to_create(const struct applier *applier,
				   const struct group_content_view *view,
				   struct secret_data *ret_data, struct error *err)
{
	struct secret_name name = { 0 };
	int r = secret_noted(&view->content->object, &keys, &name, err);
	if (r < 0 || (r > 0 && read_class(view, SNAPSHOT_SECRET_GROUP_CREATE, &name, err) < 0))
		return -1;
	return secret_fetch_named(applier, &name, ret_data, err);
}

int group_content_secret_to_look(const struct applier *applier,
				 const struct group_content_view *view,
				 struct secret_data *ret_data, struct error *err)
{
	struct secret_name name = { 0 };
	if (read_class(view, SNAPSHOT_SECRET_GROUP_GET, &name, err) < 0)
		return -1;
	return secret_fetch_named(applier, &name, ret_data, err);
}

int group_content_secret_to_delete(const struct applier *applier,
				   const struct group_content *content,
				   struct secret_data *ret_data, struct error *err)
{
	struct secret_name name = { 0 };
	if (secret_noted(&content->object, &keys, &name, err) < 0)
		return -1;
	return secret_fetch_named(applier, &name, ret_data, err);
}
