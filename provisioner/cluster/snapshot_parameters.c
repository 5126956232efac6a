/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/snapshot_parameters.h"

#include <string.h>

#include "cluster/snapshot_secret.h"
#include "csi/names.h"

static bool is_reserved(const char *key)
{
	return strncmp(key, CSI_PARAMETER_PREFIX, strlen(CSI_PARAMETER_PREFIX)) == 0;
}

int snapshot_parameters_read(const struct object *class, const struct pairs *of_class,
			     struct arena *arena, struct pairs *parameters, struct error *err)
{
	for (size_t i = 0; i < of_class->count; i++) {
		const struct pair *pair = &of_class->items[i];
		if (!is_reserved(pair->key))
			pairs_set(parameters, arena, pair->key, pair->value);
		else if (!snapshot_secret_is_named_by(pair->key))
			return error_set(err, ERROR_INVALID,
					 "%s %s: parameters: %s is not known, and the "
					 "prefix " CSI_PARAMETER_PREFIX " is reserved",
					 class->kind->name, class->name, pair->key);
	}
	return 0;
}
