/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/apply.h"

#include <string.h>

#include "apply/measure.h"
#include "apply/metadata_patch.h"
#include "apply/node_call.h"
#include "apply/secret.h"
#include "apply/volume_record.h"
#include "base/clock.h"
#include "base/log.h"
#include "cluster/volume_release.h"
#include "kube/json.h"
#include "kube/verbs.h"

/* Another writer may be faster so many times in a row. */
#define WRITES_MAX 5

static int gone_is_fine(int r, const struct error *err)
{
	return r < 0 && err->code == ERROR_NOT_FOUND ? 0 : r;
}

int volume_add_finalizer(const struct applier *applier, const struct persistent_volume *volume,
			 struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch =
		metadata_patch_add(&volume->object, PERSISTENT_VOLUME_FINALIZER, NULL, NULL);
	return gone_is_fine(applier_merge(applier, &volume->object, patch, NULL, err), err);
}

static int delete_data(const struct applier *applier, const struct persistent_volume *volume,
		       const char *node, struct error *err)
{
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	const struct pairs *notes = &volume->object.annotations;
	uint64_t since_ms = clock_monotonic_ms();
	if (secret_fetch_to_delete(
		    applier, pairs_get(notes, PERSISTENT_VOLUME_SECRET_NAMESPACE_ANNOTATION),
		    pairs_get(notes, PERSISTENT_VOLUME_SECRET_NAME_ANNOTATION), &secret, err) < 0 ||
	    node_call_delete_volume(applier, node, volume->handle, &secret.pairs, err) < 0)
		return -1;
	log_info("volume deleted", LOG_TEXT("volume", volume->handle), LOG_TEXT("node", node),
		 LOG_UINT("duration_ms", clock_monotonic_ms() - since_ms));
	return 0;
}

/* As the API server has it: 1, or 0 if it is gone or is not to be reclaimed any more. */
static int read_newest(const struct applier *applier, const struct volume_view *view,
		       struct object **ret_object, struct error *err)
{
	CLEANUP(object_unrefp) struct object *object = NULL;
	if (kube_get(applier->client, &persistent_volume_kind, "", view->volume->object.name,
		     &object, err) < 0)
		return gone_is_fine(-1, err);
	if (strcmp(object->uid, view->volume->object.uid) != 0 ||
	    !volume_wants_reclaim(persistent_volume_of(object), view->claim))
		return 0;
	*ret_object = TAKE(object);
	return 1;
}

/* The record may be written by others meanwhile. A policy that an administrator changes to Retain
 * at this moment keeps it. */
static int delete_record(const struct applier *applier, const struct volume_view *view,
			 const struct object *begun, struct error *err)
{
	CLEANUP(object_unrefp) struct object *newest = object_ref((struct object *)begun);
	for (unsigned i = 0; i < WRITES_MAX; i++) {
		if (volume_record_delete(applier, persistent_volume_of(newest), err) == 0)
			return 0;
		if (err->code != ERROR_CONFLICT)
			return -1;
		object_unref(TAKE(newest));
		int r = read_newest(applier, view, &newest, err);
		if (r <= 0)
			return r;
	}
	return -1;
}

int volume_reclaim(const struct applier *applier, const struct volume_view *view, const char *node,
		   struct error *err)
{
	CLEANUP(object_unrefp) struct object *object = NULL;
	uint64_t since_ms = clock_monotonic_ms();
	int r = read_newest(applier, view, &object, err);
	if (r <= 0)
		return r;
	const struct persistent_volume *volume = persistent_volume_of(object);
	if (delete_data(applier, volume, node, err) < 0 ||
	    delete_record(applier, view, object, err) < 0)
		return -1;
	measure_delete(volume->class_name, since_ms, NULL);
	return 0;
}
