/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/backends.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "backend/directory.h"
#include "backend/loop.h"

static const struct backend *const backends[] = {
	[BACKEND_LOOP] = &backend_loop,
	[BACKEND_DIRECTORY] = &backend_directory,
};

const struct backend *backend_of_kind(enum backend_kind kind)
{
	return backends[kind];
}

const struct backend *backend_of_folder(int folder_fd)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++)
		if (faccessat(folder_fd, backends[i]->data_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return backends[i];
	return NULL;
}
