/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/request.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "claim/source.h"
#include "cluster/capability.h"
#include "cluster/secret_key.h"
#include "csi/names.h"

const char *claim_volume_name(const struct claim *claim, struct arena *arena)
{
	return arena_printf(arena, "pvc-%s", claim->object.uid);
}

static int check_size(const struct claim *claim, struct error *err)
{
	static const char field[] = "spec.resources.requests.storage";
	if (claim->request_bytes == 0)
		return error_set(err, ERROR_INVALID, "%s: must be more than 0", field);
	/* CSI carries sizes as int64. */
	if (claim->request_bytes > INT64_MAX)
		return error_set(err, ERROR_RANGE, "%s: over 8 EiB cannot be served", field);
	if (claim->limit_bytes && claim->limit_bytes < claim->request_bytes)
		return error_set(err, ERROR_INVALID,
				 "spec.resources.limits.storage: %" PRIu64
				 " is less than the request of %" PRIu64,
				 claim->limit_bytes, claim->request_bytes);
	return 0;
}

static int refuse_many(const char *mode, const char *why, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED,
			 "spec.accessModes: %s cannot be served, since %s; use ReadWriteOnce (the "
			 "pods of that node may share it) or ReadWriteOncePod",
			 mode, why);
}

/* Data that is there can be read by many, as long as they run on its node. */
static int check_access_modes(const struct claim *claim, struct error *err)
{
	unsigned modes = claim->access_modes;
	if (modes & CLAIM_READ_WRITE_MANY)
		return refuse_many("ReadWriteMany", "a volume lies on one node", err);
	if (modes == CLAIM_READ_ONLY_MANY && claim_is_copy(claim))
		return 0;
	if (modes & CLAIM_READ_ONLY_MANY)
		return refuse_many("ReadOnlyMany",
				   "the volume lies on one node, and only one that is made from "
				   "spec.dataSource has anything to read",
				   err);
	if (modes == 0)
		return error_set(err, ERROR_INVALID, "spec.accessModes: must name a mode");
	if (modes != CLAIM_READ_WRITE_ONCE && modes != CLAIM_READ_WRITE_ONCE_POD)
		return error_set(
			err, ERROR_INVALID,
			"spec.accessModes: ReadWriteOncePod cannot be combined with others");
	return 0;
}

static int check_claim(const struct claim *claim, struct error *err)
{
	if (claim->has_selector)
		return error_set(err, ERROR_UNSUPPORTED,
				 "spec.selector: claim Selector is not supported");
	if (check_access_modes(claim, err) < 0)
		return -1;
	return check_size(claim, err);
}

static bool names_the_fs_type(const char *key)
{
	return strcmp(key, CSI_PARAMETER_FS_TYPE) == 0 || strcasecmp(key, "fstype") == 0;
}

static int take_fs_type(const struct pair *parameter, const char **fs_type_key,
			const char **fs_type, struct error *err)
{
	if (*fs_type_key)
		return error_set(err, ERROR_INVALID,
				 "parameters: %s and %s both name the file system; keep one",
				 *fs_type_key, parameter->key);
	*fs_type_key = parameter->key;
	*fs_type = parameter->value[0] ? parameter->value : NULL;
	return 0;
}

/* Parameters of the class that are for us are taken out, the others are the driver's. */
static int sort_parameters(const struct class *class, struct arena *arena, struct pairs *parameters,
			   const char **fs_type, struct error *err)
{
	const char *fs_type_key = NULL;
	for (size_t i = 0; i < class->parameters.count; i++) {
		const struct pair *parameter = &class->parameters.items[i];
		struct secret_key secret;
		if (secret_key_find(parameter->key, &secret))
			continue; /* claim/secret_names.h reads it */
		if (names_the_fs_type(parameter->key)) {
			if (take_fs_type(parameter, &fs_type_key, fs_type, err) < 0)
				return -1;
		} else if (strncmp(parameter->key, CSI_PARAMETER_PREFIX,
				   strlen(CSI_PARAMETER_PREFIX)) == 0) {
			return error_set(err, ERROR_INVALID,
					 "parameters: %s is unknown; under " CSI_PARAMETER_PREFIX
					 " only fstype and the names of Secrets may be set",
					 parameter->key);
		} else {
			pairs_set(parameters, arena, parameter->key, parameter->value);
		}
	}
	return 0;
}

static void describe_claim(const struct claim *claim, const char *volume_name, struct arena *arena,
			   struct pairs *parameters)
{
	pairs_set(parameters, arena, CSI_PARAMETER_CLAIM_NAME, claim->object.name);
	pairs_set(parameters, arena, CSI_PARAMETER_CLAIM_NAMESPACE, claim->object.namespace);
	pairs_set(parameters, arena, CSI_PARAMETER_VOLUME_NAME, volume_name);
}

int claim_request_build(const struct claim *claim, const struct class *class, struct arena *arena,
			struct csi_create_volume_request *ret_request, struct error *err)
{
	struct pairs parameters = { 0 };
	const char *fs_type = NULL;
	if (check_claim(claim, err) < 0)
		return -1;
	if (sort_parameters(class, arena, &parameters, &fs_type, err) < 0)
		return error_prefix(err, "StorageClass %s", class->object.name);

	const char *name = claim_volume_name(claim, arena);
	describe_claim(claim, name, arena, &parameters);
	struct csi_capability *capability = arena_alloc(arena, sizeof(*capability));
	*capability = capability_make(claim->access_modes, claim->block, fs_type,
				      class->mount_options, class->mount_option_count);
	*ret_request = (struct csi_create_volume_request) {
		.name = name,
		.required_bytes = claim->request_bytes,
		.limit_bytes = claim->limit_bytes,
		.capabilities = capability,
		.capability_count = 1,
		.parameters = parameters,
	};
	return 0;
}
