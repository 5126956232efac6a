/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/apply.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "apply/volume_record.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "cluster/node.h"
#include "cluster/volume_release.h"
#include "csi/names.h"
#include "kube/event.h"
#include "kube/json.h"
#include "kube/list.h"
#include "kube/verbs.h"

static struct metric forgotten_total = {
	.name = "kentledge_volumes_forgotten_total",
	.help = "Released volumes whose record was deleted since their node was gone.",
	.type = METRIC_COUNTER,
};

static int gone_is_fine(int r, const struct error *err)
{
	return r < 0 && err->code == ERROR_NOT_FOUND ? 0 : r;
}

int node_life_mark(const struct applier *applier, const struct node_life_view *view,
		   struct error *err)
{
	char now[CLOCK_TEXT_MAX];
	const struct object *object = &view->volume->object;
	clock_format_s(view->now_s, now);
	CLEANUP(json_object_putp)
	struct json_object *patch =
		metadata_patch_annotate(object, NODE_GONE_SINCE_ANNOTATION, now);
	return gone_is_fine(applier_merge(applier, object, patch, NULL, err), err);
}

int node_life_unmark(const struct applier *applier, const struct persistent_volume *volume,
		     struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = metadata_patch_new(&volume->object);
	metadata_patch_remove_annotation(patch, &volume->object, NODE_GONE_SINCE_ANNOTATION);
	return gone_is_fine(applier_edit(applier, &volume->object, patch, err), err);
}

static void count_node(void *context, struct object *node)
{
	(*(size_t *)context)++;
}

/* What is no label value is no node's label, and has no place in a selector. */
static bool is_label_value(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t length = strlen(text);
	return length > 0 && length <= 63 && strspn(text, allowed) == length;
}

/* Our copy of the nodes may be behind, so the API server is asked: for a Node of that name, and for
 * one with our label, which stays where the node's id is not its name. */
static int check_missing(const struct applier *applier, const char *node_id, struct error *err)
{
	CLEANUP(object_unrefp) struct object *node = NULL;
	CLEANUP_FREE char *selector = must_printf("%s=%s", CSI_TOPOLOGY_KEY, node_id);
	const struct kube_scope scope = { .kind = &node_kind, .label_selector = selector };
	size_t count = 0;
	if (kube_get(applier->client, &node_kind, "", node_id, &node, err) == 0)
		return error_set(err, ERROR_CONFLICT, "node \"%s\" is back", node_id);
	if (err->code != ERROR_NOT_FOUND)
		return -1;
	if (!is_label_value(node_id))
		return 0;
	if (kube_list(applier->client, &scope, count_node, NULL, &count, NULL, err) < 0)
		return -1;
	return count == 0 ? 0 : error_set(err, ERROR_CONFLICT, "node \"%s\" is back", node_id);
}

static bool is_unchanged(const struct node_life_view *view, const struct node_life_plan *plan,
			 const struct persistent_volume *volume)
{
	const char *since = pairs_get(&volume->object.annotations, NODE_GONE_SINCE_ANNOTATION);
	return strcmp(volume->object.uid, view->volume->object.uid) == 0 && since &&
	       strcmp(since, plan->since) == 0 && volume_wants_reclaim(volume, view->claim);
}

int node_life_forget(const struct applier *applier, const struct node_life_view *view,
		     const struct node_life_plan *plan, struct error *err)
{
	CLEANUP(object_unrefp) struct object *object = NULL;
	if (check_missing(applier, plan->node_id, err) < 0)
		return -1;
	if (kube_get(applier->client, &persistent_volume_kind, "", view->volume->object.name,
		     &object, err) < 0)
		return gone_is_fine(-1, err);
	const struct persistent_volume *volume = persistent_volume_of(object);
	if (!is_unchanged(view, plan, volume))
		return error_set(err, ERROR_CONFLICT, "the PersistentVolume has changed");
	if (volume_record_delete(applier, volume, err) < 0)
		return -1;
	log_warning("volume forgotten: its node is gone", LOG_TEXT("volume", volume->handle),
		    LOG_TEXT("node_id", plan->node_id), LOG_TEXT("since", plan->since));
	metric_add(&forgotten_total, NULL, 1);
	event_record(applier->events, object, EVENT_WARNING, "VolumeNodeGone",
		     "node \"%s\" has not been in the cluster since %s, so the PersistentVolume "
		     "was deleted; the data of volume %s were left on the node",
		     plan->node_id, plan->since, volume->handle);
	return 0;
}
