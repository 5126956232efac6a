/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/snapshot_secret.h"

#include <string.h>

#include "csi/names.h"

struct keys {
	const char *name;
	const char *namespace;
};

#define KEYS(use)                                                                                  \
	{                                                                                          \
		CSI_PARAMETER_PREFIX use "-secret-name",                                           \
			CSI_PARAMETER_PREFIX use "-secret-namespace"                               \
	}

/* Those behind enum snapshot_secret_use are of group snapshots. */
static const struct keys known[] = {
	[SNAPSHOT_SECRET_CREATE] = KEYS("snapshotter"),
	[SNAPSHOT_SECRET_LIST] = KEYS("snapshotter-list"),
	KEYS("group-snapshotter"),
	KEYS("group-snapshotter-get"),
};

bool snapshot_secret_is_named_by(const char *parameter)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(parameter, known[i].name) == 0 ||
		    strcmp(parameter, known[i].namespace) == 0)
			return true;
	return false;
}

static int resolve_token(const void *context, const struct secret_token *token,
			 const char **ret_value, struct error *err)
{
	const struct snapshot_secret_origin *origin = context;
	const char *value = NULL;
	if (secret_token_is(token, "volumesnapshotcontent.name"))
		value = origin->content_name;
	else if (secret_token_is(token, "volumesnapshot.namespace"))
		value = origin->snapshot_namespace;
	else if (!token->in_namespace && secret_token_is(token, "volumesnapshot.name"))
		value = origin->snapshot_name;
	if (!value)
		return secret_token_refuse(
			token,
			token->in_namespace
				? "a namespace may have ${volumesnapshotcontent.name} and "
				  "${volumesnapshot.namespace} alone"
				: "a name may have ${volumesnapshotcontent.name}, "
				  "${volumesnapshot.namespace} and ${volumesnapshot.name}",
			err);
	*ret_value = value;
	return 0;
}

static struct secret_template find(const struct snapshot_class *class, const char *key)
{
	const char *text = pairs_get(&class->parameters, key);
	return (struct secret_template) { .key = text ? key : NULL, .text = text };
}

int snapshot_secret_read(const struct snapshot_secret_origin *origin, enum snapshot_secret_use use,
			 struct secret_name *ret_name, struct error *err)
{
	const struct secret_scope scope = { .resolve = resolve_token,
					    .context = origin,
					    .arena = origin->arena };
	const struct secret_templates templates = {
		.name = find(origin->class, known[use].name),
		.namespace = find(origin->class, known[use].namespace),
	};
	if (secret_templates_resolve(&scope, &templates, ret_name, err) < 0)
		return error_prefix(err, "VolumeSnapshotClass %s: parameters",
				    origin->class->object.name);
	return 0;
}
