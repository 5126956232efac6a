/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/argument.h"

#include <stdint.h>
#include <string.h>

#include "csi/names.h"

int csi_argument_text(const char *value, const char *field, struct error *err)
{
	if (!value[0])
		return error_set(err, ERROR_INVALID, "%s is missing", field);
	if (strlen(value) > CSI_STRING_BYTES_MAX)
		return error_set(err, ERROR_INVALID, "%s is longer than %d bytes", field,
				 CSI_STRING_BYTES_MAX);
	return 0;
}

int csi_argument_path(const char *value, const char *field, struct error *err)
{
	if (!value[0])
		return error_set(err, ERROR_INVALID, "%s is missing", field);
	return 0;
}

int csi_argument_map(const struct pairs *pairs, const char *field, struct error *err)
{
	size_t bytes = 0;
	for (size_t i = 0; i < pairs->count; i++)
		bytes += strlen(pairs->items[i].key) + strlen(pairs->items[i].value);
	if (bytes > CSI_MAP_BYTES_MAX)
		return error_set(err, ERROR_INVALID, "%s: %zu bytes in all, more than %d", field,
				 bytes, CSI_MAP_BYTES_MAX);
	return 0;
}

int csi_argument_no_parameters(const struct pairs *parameters, const char *kind, struct error *err)
{
	if (csi_argument_map(parameters, "parameters", err) < 0)
		return -1;
	for (size_t i = 0; i < parameters->count; i++)
		if (strncmp(parameters->items[i].key, CSI_PARAMETER_PREFIX,
			    strlen(CSI_PARAMETER_PREFIX)) != 0)
			return error_set(err, ERROR_INVALID,
					 "parameters: \"%s\" is unknown; a %s has none here",
					 parameters->items[i].key, kind);
	return 0;
}

int csi_argument_range(const Csi__V1__CapacityRange *range, struct capacity_range *ret_range,
		       struct error *err)
{
	*ret_range = (struct capacity_range) { 0 };
	if (!range)
		return 0;
	if (range->required_bytes < 0)
		return error_set(err, ERROR_INVALID, "capacity_range: required_bytes is negative");
	if (range->limit_bytes < 0)
		return error_set(err, ERROR_INVALID, "capacity_range: limit_bytes is negative");
	ret_range->required_bytes = (uint64_t)range->required_bytes;
	ret_range->limit_bytes = (uint64_t)range->limit_bytes;
	return 0;
}

#define MODE(name) CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__##name

static int read_mode(const Csi__V1__VolumeCapability__AccessMode *access_mode,
		     enum access_mode *ret_mode, struct error *err)
{
	if (!access_mode || access_mode->mode == MODE(UNKNOWN))
		return error_set(err, ERROR_INVALID, "volume_capability: access_mode is missing");
	switch ((int)access_mode->mode) { /* the wire may bring any number */
	case MODE(SINGLE_NODE_WRITER):
		*ret_mode = ACCESS_WRITER;
		return 0;
	case MODE(SINGLE_NODE_READER_ONLY):
	/* The topology says that it is one node all the same. */
	case MODE(MULTI_NODE_READER_ONLY):
		*ret_mode = ACCESS_READER;
		return 0;
	case MODE(SINGLE_NODE_SINGLE_WRITER):
		*ret_mode = ACCESS_SINGLE_WRITER;
		return 0;
	case MODE(SINGLE_NODE_MULTI_WRITER):
		*ret_mode = ACCESS_MULTI_WRITER;
		return 0;
	case MODE(MULTI_NODE_SINGLE_WRITER):
	case MODE(MULTI_NODE_MULTI_WRITER):
		return error_set(err, ERROR_INVALID,
				 "volume_capability: access_mode: a volume lies on the disk of one "
				 "node and cannot be written on several (ReadWriteMany); use "
				 "ReadWriteOnce or ReadWriteOncePod");
	default:
		return error_set(err, ERROR_INVALID, "volume_capability: access_mode %d is unknown",
				 (int)access_mode->mode);
	}
}

static int check_flags(char *const *flags, size_t count, struct error *err)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++)
		bytes += strlen(flags[i]);
	if (bytes > CSI_MAP_BYTES_MAX)
		return error_set(err, ERROR_INVALID,
				 "volume_capability: mount_flags: %zu bytes in all, more than %d",
				 bytes, CSI_MAP_BYTES_MAX);
	return 0;
}

/* VOLUME_MOUNT_GROUP is not announced: the kubelet applies a pod's fsGroup (docs/decisions/0020). A
 * caller that hands the group over all the same would get a volume without it. */
static int refuse_group(const char *group, struct error *err)
{
	if (!group[0])
		return 0;
	return error_set(err, ERROR_INVALID,
			 "volume_capability: volume_mount_group \"%.32s\": the plugin does not "
			 "announce VOLUME_MOUNT_GROUP; the kubelet applies fsGroup itself",
			 group);
}

static int read_mount(const Csi__V1__VolumeCapability__MountVolume *mount,
		      struct access *ret_access, struct error *err)
{
	if (strlen(mount->fs_type) > CSI_STRING_BYTES_MAX)
		return error_set(err, ERROR_INVALID,
				 "volume_capability: fs_type is longer than %d bytes",
				 CSI_STRING_BYTES_MAX);
	if (refuse_group(mount->volume_mount_group, err) < 0)
		return -1;
	ret_access->fs_type = mount->fs_type;
	ret_access->mount_flags = mount->mount_flags;
	ret_access->mount_flag_count = mount->n_mount_flags;
	return check_flags(mount->mount_flags, mount->n_mount_flags, err);
}

static int read_type(const Csi__V1__VolumeCapability *capability, struct access *ret_access,
		     struct error *err)
{
	switch ((int)capability->access_type_case) {
	case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK:
		ret_access->block = true;
		ret_access->fs_type = "";
		return 0;
	case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT:
		return read_mount(capability->mount, ret_access, err);
	default:
		return error_set(err, ERROR_INVALID,
				 "volume_capability: access_type is missing: neither mount nor "
				 "block");
	}
}

int csi_argument_access(const Csi__V1__VolumeCapability *capability, struct access *ret_access,
			struct error *err)
{
	if (!capability)
		return error_set(err, ERROR_INVALID, "volume_capability is missing");
	struct access access = { 0 };
	if (read_type(capability, &access, err) < 0 ||
	    read_mode(capability->access_mode, &access.mode, err) < 0)
		return -1;
	*ret_access = access;
	return 0;
}

int csi_argument_accesses(Csi__V1__VolumeCapability *const *capabilities, size_t count,
			  struct arena *arena, struct access **ret_accesses, struct error *err)
{
	if (count == 0)
		return error_set(err, ERROR_INVALID, "volume_capabilities is missing");
	struct access *accesses = arena_alloc(arena, count * sizeof(*accesses));
	for (size_t i = 0; i < count; i++)
		if (csi_argument_access(capabilities[i], &accesses[i], err) < 0)
			return -1;
	*ret_accesses = accesses;
	return 0;
}
