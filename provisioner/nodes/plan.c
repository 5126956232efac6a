/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/plan.h"

#include <string.h>

#include "cluster/volume_release.h"

static enum node_life_decision decide_gone(const struct node_life_view *view)
{
	if (volume_wants_reclaim(view->volume, view->claim))
		return view->forget_released ? NODE_LIFE_FORGET : NODE_LIFE_IGNORE;
	return volume_is_used_by(view->volume, view->claim) ? NODE_LIFE_TELL : NODE_LIFE_IGNORE;
}

static void plan_gone(const struct node_life_view *view, struct node_life_plan *plan)
{
	int64_t sight_s = view->sight_s < view->gone_after_s ? view->sight_s : view->gone_after_s;
	plan->decision = decide_gone(view);
	if (plan->decision != NODE_LIFE_FORGET || view->seen_s >= sight_s)
		return;
	plan->decision = NODE_LIFE_WAIT;
	plan->wait_s = (uint32_t)(sight_s - view->seen_s);
	plan->released = true;
}

static void plan_missing(const struct node_life_view *view, struct node_life_plan *plan)
{
	int64_t since_s = 0;
	if (view->now_s < view->volume->object.created_s - NODE_ABSENCE_SKEW_S) {
		plan->decision = NODE_LIFE_WAIT; /* our own clock is wrong */
		plan->wait_s = NODE_LIFE_LOOK_S;
		return;
	}
	if (!node_absence_read(view->volume, view->now_s, &since_s) || since_s < view->there_s) {
		plan->decision = NODE_LIFE_MARK;
		return;
	}
	int64_t passed_s = view->now_s > since_s ? view->now_s - since_s : 0;
	if (passed_s >= view->gone_after_s) {
		plan_gone(view, plan);
		return;
	}
	int64_t left_s = view->gone_after_s - passed_s;
	plan->decision = NODE_LIFE_WAIT;
	plan->wait_s = (uint32_t)(left_s < NODE_LIFE_LOOK_S ? left_s : NODE_LIFE_LOOK_S);
	plan->released = volume_wants_reclaim(view->volume, view->claim);
}

/* Without a note there is no time to count, so the event on its claim comes at once. */
static void plan_retained(const struct node_life_view *view, struct node_life_plan *plan)
{
	if (plan->since)
		plan->decision = NODE_LIFE_UNMARK;
	else if (volume_is_used_by(view->volume, view->claim))
		plan->decision = NODE_LIFE_TELL;
}

void node_life_plan(const struct node_life_view *view, struct node_life_plan *ret_plan)
{
	const struct persistent_volume *volume = view->volume;
	*ret_plan = (struct node_life_plan) { .decision = NODE_LIFE_IGNORE };
	if (!persistent_volume_is_ours(volume))
		return;
	ret_plan->node_id = node_selector_id(&volume->affinity);
	ret_plan->since = pairs_get(&volume->object.annotations, NODE_GONE_SINCE_ANNOTATION);
	if (view->node_is_there || !ret_plan->node_id)
		ret_plan->decision = ret_plan->since ? NODE_LIFE_UNMARK : NODE_LIFE_IGNORE;
	else if (!volume->delete_released)
		plan_retained(view, ret_plan);
	else
		plan_missing(view, ret_plan);
}

int64_t node_life_now_s(const struct node_life_time *start, const struct node_life_time *now)
{
	int64_t passed_s = start->wall_s + (int64_t)((now->boot_ms - start->boot_ms) / 1000);
	return now->wall_s < passed_s ? now->wall_s : passed_s;
}
