/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/reconcile.h"

#include <stdlib.h>

#include "apply/role.h"
#include "base/clock.h"
#include "cluster/nodes.h"
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

static int settle(struct node_life *life, const struct node_life_view *view, struct error *err)
{
	struct node_life_plan plan;
	node_life_plan(view, &plan);
	if (plan.decision != NODE_LIFE_IGNORE && (plan.decision != NODE_LIFE_WAIT || plan.released))
		pace_take(life->pace);
	int r = apply(life->applier, view, &plan, err);
	return r < 0 && err->code == ERROR_CONFLICT ? ROLE_AGAIN_MS : r;
}

/* Whether a Node stands for it; *ret_seen_s: how long we have seen none. */
static bool node_is_there(struct node_life *life, const char *node_id, int64_t *ret_seen_s)
{
	CLEANUP_TEXT struct text name = TEXT_INIT;
	*ret_seen_s = 0;
	if (!node_id)
		return false;
	if (cluster_find_node(life->applier->cluster, node_id, &name)) {
		absence_end(life->absences, node_id);
		return true;
	}
	*ret_seen_s = absence_seen_s(life->absences, node_id, clock_boot_ms());
	return false;
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
	struct node_life_time now = read_time();
	struct node_life_view view = {
		.volume = volume,
		.claim = claim ? claim_of(claim) : NULL,
		.now_s = node_life_now_s(&life->start, &now),
		.gone_after_s = applier->node_gone_after_s,
		.sight_s = applier->node_sight_s,
		.forget_released = applier->forget_released,
	};
	view.node_is_there = node_is_there(life, node_selector_id(&volume->affinity), &view.seen_s);
	return settle(life, &view, err);
}
