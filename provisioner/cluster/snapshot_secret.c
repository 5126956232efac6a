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

static const struct keys known[] = {
	[SNAPSHOT_SECRET_CREATE] = KEYS("snapshotter"),
	[SNAPSHOT_SECRET_LIST] = KEYS("snapshotter-list"),
	[SNAPSHOT_SECRET_GROUP_CREATE] = KEYS("group-snapshotter"),
	[SNAPSHOT_SECRET_GROUP_GET] = KEYS("group-snapshotter-get"),
};

bool snapshot_secret_is_named_by(const char *parameter)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(parameter, known[i].name) == 0 ||
		    strcmp(parameter, known[i].namespace) == 0)
			return true;
	return false;
}

/* A template is resolved for one use of one snapshot or group. */
struct resolution {
	const struct snapshot_secret_origin *origin;
	const char *content;   /* the token of the content's name */
	const char *namespace; /* ... of the namespace */
	const char *name;      /* ... of the name; in names alone */
	const char *refusal;   /* what may stand in a name */
	const char *namespace_refusal;
	const char *class_kind;
};

#define RESOLUTION(group, class)                                                                   \
	{                                                                                          \
		.content = "volume" group "snapshotcontent.name",                                  \
		.namespace = "volume" group "snapshot.namespace",                                  \
		.name = "volume" group "snapshot.name",                                            \
		.refusal =                                                                         \
			"a name may have ${volume" group "snapshotcontent.name}, ${volume" group   \
			"snapshot.namespace} and ${volume" group "snapshot.name}",                 \
		.namespace_refusal =                                                               \
			"a namespace may have ${volume" group                                      \
			"snapshotcontent.name} and ${volume" group "snapshot.namespace} alone",    \
		.class_kind = class,                                                               \
	}

static const struct resolution of_snapshot = RESOLUTION("", "VolumeSnapshotClass");
static const struct resolution of_group = RESOLUTION("group", "VolumeGroupSnapshotClass");

static int resolve_token(const void *context, const struct secret_token *token,
			 const char **ret_value, struct error *err)
{
	const struct resolution *resolution = context;
	const struct snapshot_secret_origin *origin = resolution->origin;
	const char *value = NULL;
	if (secret_token_is(token, resolution->content))
		value = origin->content_name;
	else if (secret_token_is(token, resolution->namespace))
		value = origin->snapshot_namespace;
	else if (!token->in_namespace && secret_token_is(token, resolution->name))
		value = origin->snapshot_name;
	if (!value)
		return secret_token_refuse(token,
					   token->in_namespace ? resolution->namespace_refusal
							       : resolution->refusal,
					   err);
	*ret_value = value;
	return 0;
}

static struct secret_template find(const struct pairs *parameters, const char *key)
{
	const char *text = pairs_get(parameters, key);
	return (struct secret_template) { .key = text ? key : NULL, .text = text };
}

int snapshot_secret_read(const struct snapshot_secret_origin *origin, enum snapshot_secret_use use,
			 struct secret_name *ret_name, struct error *err)
{
	struct resolution resolution = use < SNAPSHOT_SECRET_GROUP_CREATE ? of_snapshot : of_group;
	resolution.origin = origin;
	const struct secret_scope scope = { .resolve = resolve_token,
					    .context = &resolution,
					    .arena = origin->arena };
	const struct secret_templates templates = {
		.name = find(origin->parameters, known[use].name),
		.namespace = find(origin->parameters, known[use].namespace),
	};
	if (secret_templates_resolve(&scope, &templates, ret_name, err) < 0)
		return error_prefix(err, "%s %s: parameters", resolution.class_kind,
				    origin->class->name);
	return 0;
}
