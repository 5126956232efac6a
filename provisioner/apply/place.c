/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/place.h"

#include <stdlib.h>

#include "base/text.h"
#include "kube/json.h"
#include "kube/verbs.h"

void *placer_begin(const struct applier *applier)
{
	struct placer *placer = must_alloc(sizeof(*placer));
	placer->applier = applier;
	placer->written = applier->written;
	return placer;
}

void placer_end(void *context)
{
	free(context);
}

void place_set(struct object **place, struct object *object)
{
	if (!object)
		return;
	object_unref(*place);
	*place = object;
}

static void take(const struct placer *placer, struct object **place, struct object *answer)
{
	if (answer)
		written_note(placer->written, answer, *place == NULL);
	place_set(place, answer);
}

int place_merge(const struct placer *placer, struct object **place, struct json_object *taken,
		struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = taken;
	struct object *answer = NULL;
	int r = applier_merge(placer->applier, *place, patch, &answer, err);
	take(placer, place, answer);
	return r;
}

int place_merge_status(const struct placer *placer, struct object **place,
		       struct json_object *taken, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = taken;
	struct object *answer = NULL;
	int r = applier_patch_status(placer->applier, *place, patch, &answer, err);
	take(placer, place, answer);
	return r;
}

static int find(const struct placer *placer, const struct kind *kind, struct json_object *body,
		struct object **ret_object, struct error *err)
{
	struct json_object *metadata = json_find(body, "metadata");
	struct json_object *namespace = json_find(metadata, "namespace");
	struct json_object *name = json_find(metadata, "name");
	return kube_get(placer->applier->client, kind,
			namespace ? json_object_get_string(namespace) : "",
			json_object_get_string(name), ret_object, err);
}

int place_create(const struct placer *placer, struct object **place, const struct kind *kind,
		 struct json_object *taken, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *body = taken;
	struct object *answer = NULL;
	int r = applier_create_object(placer->applier, kind, body, &answer, err);
	if (r < 0 && err->code == ERROR_EXISTS)
		r = find(placer, kind, body, &answer, err);
	take(placer, place, answer);
	return r;
}

int place_gone_is_done(int r, const struct error *err)
{
	return r < 0 && err->code != ERROR_NOT_FOUND ? -1 : 0;
}

int place_delete(const struct placer *placer, const struct object *object, struct error *err)
{
	if (place_gone_is_done(applier_delete(placer->applier, object, err), err) < 0)
		return -1;
	written_note_end(placer->written, object);
	return 0;
}

bool place_error_passes(const struct error *err)
{
	return err->code == ERROR_CONFLICT || err->code == ERROR_CANCELLED ||
	       err->code == ERROR_NOT_FOUND;
}
