/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The ids of what lies in some folders of the pools, volumes or snapshots: the names of the folders
 * there, in their order.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

struct id_list {
	const char *after; /* only ids behind this one; "": all */
	char **ids;
	size_t count;
	size_t capacity;
};

/* Adds those of one folder, as they come. */
int id_list_add(struct id_list *list, int folder_fd, struct error *err);

void id_list_sort(struct id_list *list);
void id_list_done(struct id_list *list);

#define CLEANUP_ID_LIST CLEANUP(id_list_done)
