/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/applier.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

int applier_may_act(const struct applier *applier, struct error *err)
{
	if (applier->may_act(applier->context))
		return 0;
	return error_set(err, ERROR_CANCELLED, "standing by");
}

bool applier_is_passing(const struct error *failure)
{
	return failure->code == ERROR_CANCELLED || failure->code == ERROR_CONFLICT;
}

void applier_wrote(const struct applier *applier, const struct statefulset *set,
		   enum written_kind kind, const struct object *object)
{
	CLEANUP_FREE char *key = must_printf("%s/%s", set->object.namespace, set->object.name);
	written_note(applier->written, key, kind, object->resource_version);
}

void errors_add(struct error *all, const struct error *one)
{
	if (all->code == ERROR_NONE) {
		*all = *one;
		return;
	}
	size_t length = strlen(all->text);
	const char *first = all->text;
	if (length > 1 && first[0] == '[' && first[length - 1] == ']') {
		first++;
		length -= 2;
	}
	CLEANUP_FREE char *text = must_printf("[%.*s, %s]", (int)length, first, one->text);
	snprintf(all->text, sizeof(all->text), "%s", text);
}
