/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/reconcile.h"

#include <stdlib.h>

#include "apply/role.h"
#include "base/clock.h"
#include "cluster/nodes.h"
#include "cluster/volume_node.h"
#include "csi/names.h"
#include "kube/event.h"
#include "nodes/absence.h"
#include "nodes/apply.h"
#include "nodes/pace.h"

struct node_life {
	const struct applier *applier;
	struct pace *pace;
	struct absences *absences;
	struct node_life_time start;
};

static struct node_life_time read_time(void)
{
	return (struct node_life_time) { .wall_s = clock_wall_s(), .boot_ms = clock_boot_ms() };
}

static struct node_life_time read_now(const struct node_life *life)
{
	struct node_life_time now = read_time();
	now.wall_s = node_life_now_s(&life->start, &now);
	return now;
}

struct node_life *node_life_new(const struct applier *applier)
{
	struct node_life *life = must_alloc(sizeof(*life));
	life->applier = applier;
	life->pace = pace_new();
	life->absences = absences_new();
	life->start = read_time();
	return life;
}

void node_life_free(struct node_life *life)
{
	if (!life)
		return;
	pace_free(life->pace);
	absences_free(life->absences);
	free(life);
}

static void tell_volume(const struct applier *applier, const struct node_life_view *view,
			const struct node_life_plan *plan)
{
	const char *then = view->forget_released
				   ? "; if it stays away, this PersistentVolume is deleted and the "
				     "data are left on the node"
				   : "";
	event_record(applier->events, &view->volume->object, EVENT_WARNING, "VolumeNodeGone",
		     "node \"%s\", which holds the data, has not been in the cluster since %s, so "
		     "they cannot be deleted%s",
		     plan->node_id, plan->since, then);
}

static void tell_claim(const struct applier *applier, const struct node_life_view *view,
		       const struct node_life_plan *plan)
{
	event_record(applier->events, &view->claim->object, EVENT_WARNING, "VolumeNodeGone",
		     "node \"%s\", which holds the data of volume %s, is not in the cluster, so no "
		     "pod can use this claim. There are three ways out: bring the node back under "
		     "the same name; restore a copy that is kept elsewhere into a claim of another "
		     "name; or delete this claim, and with it what refers to the data",
		     plan->node_id, view->volume->handle);
}

static int apply(const struct applier *applier, const struct node_life_view *view,
		 const struct node_life_plan *plan, struct error *err)
{
	switch (plan->decision) {
	case NODE_LIFE_IGNORE:
		return 0;
	case NODE_LIFE_MARK:
		return node_life_mark(applier, view, err);
	case NODE_LIFE_UNMARK:
		return node_life_unmark(applier, view->volume, err);
	case NODE_LIFE_WAIT:
		if (plan->released)
			tell_volume(applier, view, plan);
		return (int)plan->wait_s * 1000;
	case NODE_LIFE_TELL:
		tell_claim(applier, view, plan);
		return 0;
	case NODE_LIFE_FORGET:
		return node_life_forget(applier, view, plan, err);
	}
	return 0;
}

/* An event is written at the first look; those of later looks repeat it, and come as far apart as
 * the first did. */
static bool writes(const struct node_life_view *view, const struct node_life_plan *plan)
{
	if (plan->decision == NODE_LIFE_WAIT)
		return plan->released && view->seen_s < NODE_LIFE_LOOK_S;
	return plan->decision != NODE_LIFE_IGNORE;
}

static int settle(struct node_life *life, const struct node_life_view *view, struct error *err)
{
	struct node_life_plan plan;
	node_life_plan(view, &plan);
	if (writes(view, &plan))
		pace_take(life->pace);
	int r = apply(life->applier, view, &plan, err);
	return r < 0 && err->code == ERROR_CONFLICT ? ROLE_AGAIN_MS : r;
}

/* Whether a Node stands for it, and else how long we have seen none. */
static void look_for_node(struct node_life *life, const char *node_id,
			  const struct node_life_time *now, struct node_life_view *view)
{
	CLEANUP_TEXT struct text name = TEXT_INIT;
	struct absence_sight sight = { 0 };
	if (!node_id)
		return;
	view->node_is_there = cluster_find_node(life->applier->cluster, node_id, &name);
	if (view->node_is_there)
		absence_end(life->absences, node_id, now);
	else
		absence_begin(life->absences, node_id, now, &sight);
	view->seen_s = sight.seen_s;
	view->there_s = sight.there_s;
}

static bool has_volumes(struct cluster *cluster, const char *node_id)
{
	CLEANUP_OBJECT_LIST struct object_list volumes = { 0 };
	volume_node_list(cluster, node_id, &volumes);
	return volumes.count > 0;
}

static void node_was_there(struct node_life *life, struct cluster *cluster, const char *node_id)
{
	struct node_life_time now = read_now(life);
	if (node_id && has_volumes(cluster, node_id))
		absence_end(life->absences, node_id, &now);
}

/* A Node stands for its name, its label and the id that its kubelet has noted. Where the Node goes,
 * it was there until now. */
static void node_changed(struct node_life *life, const struct cluster_change *change)
{
	const struct object *any = change->after ? change->after : change->before;
	if (change->before && change->after &&
	    pairs_equal(&change->before->labels, &change->after->labels))
		return; /* as with most changes */
	CLEANUP(object_unrefp)
	struct object *csi_node = cluster_get(change->cluster, CLUSTER_CSI_NODES, "", any->name);
	node_was_there(life, change->cluster, any->name);
	node_was_there(life, change->cluster, pairs_get(&any->labels, CSI_TOPOLOGY_KEY));
	if (csi_node)
		node_was_there(life, change->cluster, csi_node_of(csi_node)->node_id);
}

static void csi_node_changed(struct node_life *life, const struct cluster_change *change)
{
	const struct object *any = change->after ? change->after : change->before;
	CLEANUP(object_unrefp)
	struct object *node = cluster_get(change->cluster, CLUSTER_NODES, "", any->name);
	if (node)
		node_was_there(life, change->cluster, ((const struct csi_node *)any)->node_id);
}

static void volume_gone(struct node_life *life, const struct cluster_change *change)
{
	const struct persistent_volume *volume = (const struct persistent_volume *)change->before;
	const char *id = node_selector_id(&volume->affinity);
	if (id && !has_volumes(change->cluster, id))
		absence_forget(life->absences, id);
}

void node_life_changed(struct node_life *life, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_NODES)
		node_changed(life, change);
	else if (change->kind == CLUSTER_CSI_NODES)
		csi_node_changed(life, change);
	else if (change->kind == CLUSTER_VOLUMES && !change->after)
		volume_gone(life, change);
}

int node_life_reconcile(struct node_life *life, const char *key, struct error *err)
{
	const struct applier *applier = life->applier;
	CLEANUP(object_unrefp)
	struct object *object = cluster_get(applier->cluster, CLUSTER_VOLUMES, "", key);
	CLEANUP(object_unrefp) struct object *claim = NULL;
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	if (!object || !persistent_volume_is_ours(persistent_volume_of(object)))
		return 0;
	const struct persistent_volume *volume = persistent_volume_of(object);
	if (volume->claim_namespace && volume->claim_name)
		claim = cluster_get(applier->cluster, CLUSTER_CLAIMS, volume->claim_namespace,
				    volume->claim_name);
	struct node_life_time now = read_now(life);
	struct node_life_view view = {
		.volume = volume,
		.claim = claim ? claim_of(claim) : NULL,
		.now_s = now.wall_s,
		.gone_after_s = applier->node_gone_after_s,
		.sight_s = applier->node_sight_s,
		.forget_released = applier->forget_released,
	};
	look_for_node(life, node_selector_id(&volume->affinity), &now, &view);
	return settle(life, &view, err);
}
