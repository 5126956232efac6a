/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mount table, and questions about each path that stands in it. A mount that is found at a path
 * must have that path for its point.
 */
#include "mount/table.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ASKED_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct mount_table *table, const char *path)
{
	const struct mount *at = mount_table_at(table, path);
	if (at && strcmp(at->point, path) != 0)
		abort();
	if (at && !mount_table_covering(table, path))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	struct error err = { 0 };
	if (mount_table_parse((const char *)data, size, &table, &err) < 0)
		return 0;
	for (size_t i = 0; i < table->count && i < ASKED_MAX; i++) {
		ask(table, table->mounts[i].point);
		ask(table, table->mounts[i].root);
		mount_has_option(table->mounts[i].options, "ro");
	}
	return 0;
}
