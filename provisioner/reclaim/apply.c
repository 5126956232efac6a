/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/apply.h"

#include <string.h>

#include "apply/measure.h"
#include "apply/metadata_patch.h"
#include "base/clock.h"
#include "base/log.h"
#include "csi/client.h"
#include "kube/json.h"
#include "kube/verbs.h"

static int gone_is_fine(int r, const struct error *err)
{
	return r < 0 && err->code == ERROR_NOT_FOUND ? 0 : r;
}

int volume_add_finalizer(const struct volume_reclaimer *reclaimer,
			 const struct persistent_volume *volume, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch =
		metadata_patch_add(&volume->object, PERSISTENT_VOLUME_FINALIZER, NULL, NULL);
	if (lead_check(&reclaimer->lead, err) < 0)
		return -1;
	int r = kube_patch(reclaimer->client, &persistent_volume_kind, "", volume->object.name,
			   NULL, KUBE_PATCH_MERGE, patch, NULL, err);
	return gone_is_fine(r, err);
}

int volume_drop_finalizer(const struct volume_reclaimer *reclaimer,
			  const struct persistent_volume *volume, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = metadata_patch_new(&volume->object);
	metadata_patch_remove_finalizer(patch, &volume->object, PERSISTENT_VOLUME_FINALIZER);
	if (metadata_patch_is_empty(patch))
		return 0;
	if (lead_check(&reclaimer->lead, err) < 0)
		return -1;
	int r = kube_patch(reclaimer->client, &persistent_volume_kind, "", volume->object.name,
			   NULL, KUBE_PATCH_JSON, patch, NULL, err);
	return gone_is_fine(r, err);
}

static int delete_data(const struct volume_reclaimer *reclaimer,
		       const struct persistent_volume *volume, const char *node, struct error *err)
{
	CLEANUP(node_channel_putp) struct node_channel *channel = NULL;
	if (node_channel_get(reclaimer->channels, node, &channel, err) < 0)
		return error_prefix(err, "node \"%s\"", node);
	if (lead_check(&reclaimer->lead, err) < 0)
		return -1;
	uint64_t since_ms = clock_monotonic_ms();
	int r = csi_delete_volume(node_channel_rpc(channel), volume->handle, reclaimer->timeout_ms,
				  err);
	measure_call("DeleteVolume", since_ms, r < 0 ? err : NULL);
	if (r < 0)
		return error_prefix(err, "node \"%s\"", node);
	log_info("volume deleted", LOG_TEXT("volume", volume->handle), LOG_TEXT("node", node),
		 LOG_UINT("duration_ms", clock_monotonic_ms() - since_ms));
	return 0;
}

/* The record goes when both it is deleted and the finalizer is off; in this order a stop in
 * between leaves a record that is seen and finished later. */
static int delete_record(const struct volume_reclaimer *reclaimer,
			 const struct persistent_volume *volume, struct error *err)
{
	const char *name = volume->object.name;
	CLEANUP(object_unrefp) struct object *now = NULL;
	if (lead_check(&reclaimer->lead, err) < 0)
		return -1;
	int r = kube_delete(reclaimer->client, &persistent_volume_kind, "", name,
			    volume->object.uid, NULL, err);
	if (r < 0)
		return gone_is_fine(r, err);
	if (kube_get(reclaimer->client, &persistent_volume_kind, "", name, &now, err) < 0)
		return gone_is_fine(-1, err);
	if (strcmp(now->uid, volume->object.uid) != 0)
		return 0;
	return volume_drop_finalizer(reclaimer, persistent_volume_of(now), err);
}

int volume_reclaim(const struct volume_reclaimer *reclaimer, const struct volume_view *view,
		   struct error *err)
{
	CLEANUP(object_unrefp) struct object *object = NULL;
	uint64_t since_ms = clock_monotonic_ms();
	if (kube_get(reclaimer->client, &persistent_volume_kind, "", view->volume->object.name,
		     &object, err) < 0)
		return gone_is_fine(-1, err);
	const struct persistent_volume *volume = persistent_volume_of(object);
	if (strcmp(object->uid, view->volume->object.uid) != 0 ||
	    !volume_wants_reclaim(volume, view->claim))
		return 0;
	if (delete_data(reclaimer, volume, view->node, err) < 0 ||
	    delete_record(reclaimer, volume, err) < 0)
		return -1;
	measure_delete(volume->class_name, since_ms, NULL);
	return 0;
}
