/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/size.h"

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
