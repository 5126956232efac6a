/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/missing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pool/opening.h"

struct pool_missing *pool_missing_new(const char *name, const struct pool_place *place,
				      const char *id, const char *reason)
{
	struct pool_missing *missing = must_alloc(sizeof(*missing));
	missing->name = must_strdup(name);
	missing->reason = must_strdup(reason);
	if (place) {
		missing->path = must_strdup(place->path);
		missing->reserve_percent = place->reserve_percent;
		missing->order = place->order;
	}
	if (id)
		snprintf(missing->id, sizeof(missing->id), "%s", id);
	return missing;
}

void pool_missing_free(struct pool_missing *missing)
{
	pool_opening_free(missing->opening);
	free(missing->name);
	free(missing->path);
	free(missing->reason);
	free(missing);
}

struct pool_missing *pool_missing_find(struct pool_missing *list, const char *name, const char *id)
{
	for (struct pool_missing *missing = list; missing; missing = missing->next)
		if ((name && strcmp(missing->name, name) == 0) ||
		    (id && strcmp(missing->id, id) == 0))
			return missing;
	return NULL;
}
