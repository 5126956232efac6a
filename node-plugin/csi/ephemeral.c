/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/ephemeral.h"

#include <string.h>

#include "base/quantity.h"
#include "csi/names.h"

#define KEY_EPHEMERAL CSI_PARAMETER_PREFIX "ephemeral"

bool csi_ephemeral_is(const struct pairs *context)
{
	const char *value = pairs_get(context, KEY_EPHEMERAL);
	return value && strcmp(value, "true") == 0;
}

static int read_size(const char *value, struct capacity_range *range, struct error *err)
{
	if (quantity_parse_bytes(value, &range->required_bytes, err) < 0)
		return error_prefix(err, "volumeAttributes: size");
	if (range->required_bytes == 0)
		return error_set(err, ERROR_INVALID, "volumeAttributes: size: it is 0");
	return 0;
}

static int read_fs_type(const char *value, struct access *access, struct error *err)
{
	if (access->fs_type[0] && strcmp(access->fs_type, value) != 0)
		return error_set(err, ERROR_INVALID,
				 "volumeAttributes: fsType is \"%s\", but the volume's is \"%s\"",
				 value, access->fs_type);
	access->fs_type = value;
	return 0;
}

/* Those of a class's parameters that are an attribute as well, and one that is refused below. */
static bool is_parameter(const char *key)
{
	static const char *const names[] = { "backend", "provisioning", "enforce", "pool",
					     "encryption" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(key, names[i]) == 0)
			return true;
	return false;
}

static int refuse_unknown(const char *key, struct error *err)
{
	return error_set(err, ERROR_INVALID,
			 "volumeAttributes: \"%s\" is unknown; known are size, fsType, backend, "
			 "provisioning, enforce and pool",
			 key);
}

/* What is about the pod, and what we read here, does not reach the class's parameters. */
static int split(struct pairs *context, struct access *access, struct volume_spec *spec,
		 struct error *err)
{
	size_t kept = 0;
	for (size_t i = 0; i < context->count; i++) {
		const struct pair *pair = &context->items[i];
		int outcome = 0;
		if (strcmp(pair->key, "size") == 0)
			outcome = read_size(pair->value, &spec->range, err);
		else if (strcmp(pair->key, "fsType") == 0)
			outcome = read_fs_type(pair->value, access, err);
		else if (is_parameter(pair->key))
			context->items[kept++] = *pair;
		else if (strncmp(pair->key, CSI_PARAMETER_PREFIX, strlen(CSI_PARAMETER_PREFIX)) !=
			 0)
			outcome = refuse_unknown(pair->key, err);
		if (outcome < 0)
			return -1;
	}
	context->count = kept;
	return 0;
}

int csi_ephemeral_spec(const char *volume_id, struct pairs *context, struct access *access,
		       struct volume_spec *ret_spec, struct error *err)
{
	struct volume_spec spec = { .name = volume_id, .elsewhere = true };
	if (access->block)
		return error_set(err, ERROR_INVALID,
				 "volume_capability: an ephemeral volume cannot be block");
	if (split(context, access, &spec, err) < 0)
		return -1;
	if (parameters_parse(context, &spec.parameters, err) < 0)
		return error_prefix(err, "volumeAttributes");
	if (spec.parameters.encryption != ENCRYPTION_NONE)
		return error_set(err, ERROR_INVALID,
				 "volumeAttributes: encryption: an ephemeral volume has no secret");
	spec.fs_type = access->fs_type;
	*ret_spec = spec;
	return 0;
}
