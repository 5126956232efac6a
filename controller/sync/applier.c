/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/applier.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sync/repeats.h"

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

/* Undone once is what a user may do. */
#define UNDONE_REPORT_AFTER 2

static void note_sent(const struct applier *applier, const struct statefulset *set,
		      const struct applier_patch *patch, const struct repeat *repeat)
{
	const struct object *object = patch->object;
	if (repeats_note(applier->repeats, repeat, clock_monotonic_ms()) > UNDONE_REPORT_AFTER)
		event_record(applier->events, &set->object, EVENT_WARNING, "ChangeUndone",
			     "%s of %s %s: written again and again, and undone each time, by a "
			     "mutating webhook or another client; the next attempts are delayed",
			     patch->purpose, object->kind->name, object->name);
}

int applier_patch(const struct applier *applier, const struct statefulset *set,
		  const struct applier_patch *patch, struct object **ret_after, struct error *err)
{
	const struct object *object = patch->object;
	CLEANUP(object_unrefp) struct object *after = NULL;
	const struct repeat repeat = { .set_uid = set->object.uid,
				       .object_uid = object->uid,
				       .purpose = patch->purpose,
				       .patch = patch->patch };
	if (repeats_wait_ms(applier->repeats, &repeat, clock_monotonic_ms()) > 0)
		return 1;
	if (applier_may_act(applier, err) < 0 ||
	    kube_patch(applier->client, object->kind, object->namespace, object->name,
		       patch->subresource, patch->type, patch->patch, &after, err) < 0)
		return -1;
	applier_wrote(applier, set, patch->written, after);
	note_sent(applier, set, patch, &repeat);
	if (ret_after)
		*ret_after = TAKE(after);
	return 0;
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
