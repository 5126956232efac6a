/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/size.h"

#include <inttypes.h>

#include "backend/backends.h"
#include "backend/directory.h"
#include "pool/capacity.h"

int volume_size_minimum(const struct parameters *parameters, bool block, const char **fs_type,
			uint64_t *ret_bytes, struct error *err)
{
	const struct backend *backend = backend_of_kind(parameters->backend);
	uint64_t bytes = CAPACITY_UNIT_BYTES;
	if (!block && backend->check_fs_type(*fs_type, fs_type, &bytes, err) < 0)
		return -1;
	bool held = parameters->backend == BACKEND_DIRECTORY && parameters->enforce;
	if (held && bytes < BACKEND_DIRECTORY_HELD_BYTES_MIN)
		bytes = BACKEND_DIRECTORY_HELD_BYTES_MIN;
	*ret_bytes = bytes;
	return 0;
}

int volume_size_check_whole(const struct volume_record *record, uint64_t bytes, struct error *err)
{
	bool held = record->backend == BACKEND_DIRECTORY && record->enforce;
	if (bytes % CAPACITY_UNIT_BYTES == 0 || (!record->block && !held))
		return 0;
	return error_set(err, ERROR_RANGE,
			 "capacity_range: limit_bytes leaves no size but %" PRIu64
			 " bytes, and %s has a multiple of %llu bytes",
			 bytes,
			 record->block ? "a block volume"
				       : "a directory volume that is held to its size",
			 CAPACITY_UNIT_BYTES);
}
