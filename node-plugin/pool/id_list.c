/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/id_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "folder/folder.h"
#include "record/id.h"

static int add_id(void *context, const char *name, struct error *err)
{
	struct id_list *list = context;
	if (!id_is_valid(name) || strcmp(name, list->after) <= 0)
		return 0;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 64;
		list->ids = must_realloc(list->ids, list->capacity * sizeof(*list->ids));
	}
	list->ids[list->count++] = must_strdup(name);
	return 0;
}

int id_list_add(struct id_list *list, int folder_fd, struct error *err)
{
	return folder_visit(folder_fd, add_id, list, err);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void id_list_sort(struct id_list *list)
{
	if (list->count)
		qsort(list->ids, list->count, sizeof(*list->ids), compare);
}

void id_list_done(struct id_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->ids[i]);
	free(list->ids);
}
