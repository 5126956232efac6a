/* SPDX-License-Identifier: Apache-2.0 */
#include "growth/plan.h"

#include <string.h>

#include "cluster/volume_node.h"

/* The binder writes the phase and the capacity at once, so a claim without one is not ours to
 * judge.
 */
bool growth_is_wanted(const struct claim *claim)
{
	return strcmp(claim->phase, "Bound") == 0 && claim->volume_name[0] &&
	       claim->capacity_bytes &&
	       (claim->request_bytes > claim->capacity_bytes || claim->growth != CLAIM_GROWTH_NONE);
}

bool growth_waits_for_us(const struct claim *claim)
{
	return growth_is_wanted(claim) && claim->growth != CLAIM_GROWTH_NODE_PENDING &&
	       claim->growth != CLAIM_GROWTH_NODE_IN_PROGRESS;
}

bool growth_is_noted(const struct object *volume)
{
	return pairs_get(&volume->annotations, PERSISTENT_VOLUME_PRE_RESIZE_ANNOTATION) != NULL;
}

/* Claim and PersistentVolume must name each other: a claim must not grow another claim's volume. */
static bool is_bound_to(const struct claim *claim, const struct persistent_volume *volume)
{
	return strcmp(claim->phase, "Bound") == 0 && persistent_volume_is_of(volume, claim);
}

/* status.allocatedResources, where it is set. */
static uint64_t last_target(const struct claim *claim)
{
	return claim->allocated_bytes ? claim->allocated_bytes : claim->request_bytes;
}

/* 0: nothing is to be asked now. The PersistentVolume is smaller than the request. */
static uint64_t target_of_growing(const struct claim *claim, uint64_t volume_bytes)
{
	switch (claim->growth) {
	case CLAIM_GROWTH_NODE_INFEASIBLE:
		return last_target(claim);
	case CLAIM_GROWTH_NODE_PENDING:
	case CLAIM_GROWTH_NODE_IN_PROGRESS:
		/* The kubelet must finish first. */
		return volume_bytes >= last_target(claim) ? 0 : last_target(claim);
	case CLAIM_GROWTH_CONTROLLER_IN_PROGRESS:
		return claim->conditions & CLAIM_CONTROLLER_RESIZE_ERROR ? claim->request_bytes
									 : last_target(claim);
	case CLAIM_GROWTH_NONE:
	case CLAIM_GROWTH_CONTROLLER_INFEASIBLE:
		return claim->request_bytes;
	case CLAIM_GROWTH_OTHER:
		return 0;
	}
	return 0;
}

/* The PersistentVolume is as large as the request, or larger. */
static uint64_t target_of_grown(const struct claim *claim)
{
	switch (claim->growth) {
	case CLAIM_GROWTH_NODE_INFEASIBLE:
	case CLAIM_GROWTH_CONTROLLER_IN_PROGRESS:
	case CLAIM_GROWTH_CONTROLLER_INFEASIBLE:
		return last_target(claim);
	case CLAIM_GROWTH_NONE:
		if (claim->allocated_bytes)
			return claim->allocated_bytes;
		return claim->conditions & CLAIM_FILE_SYSTEM_RESIZE_PENDING ? 0
									    : claim->request_bytes;
	case CLAIM_GROWTH_NODE_PENDING:
	case CLAIM_GROWTH_NODE_IN_PROGRESS:
	case CLAIM_GROWTH_OTHER:
		return 0;
	}
	return 0;
}

static uint64_t target_of(const struct growth_view *view)
{
	uint64_t volume_bytes = view->volume->capacity_bytes;
	return volume_bytes < view->claim->request_bytes
		       ? target_of_growing(view->claim, volume_bytes)
		       : target_of_grown(view->claim);
}

static void plan_expand(const struct growth_view *view, struct growth_plan *plan)
{
	plan->target_bytes = target_of(view);
	if (!plan->target_bytes)
		return;
	plan->repeats = plan->target_bytes == view->claim->allocated_bytes;
	plan->decision = GROWTH_EXPAND;
	if (volume_node_find(view->volume, view->nodes, &plan->node, &plan->reason) < 0)
		plan->decision = GROWTH_REFUSE;
}

static bool is_untidy(const struct growth_view *view)
{
	return view->claim->capacity_bytes >= view->volume->capacity_bytes &&
	       growth_is_noted(&view->volume->object);
}

void growth_plan(const struct growth_view *view, struct growth_plan *ret_plan)
{
	*ret_plan = (struct growth_plan) { .decision = GROWTH_IGNORE };
	if (!view->volume || !persistent_volume_is_ours(view->volume) ||
	    !is_bound_to(view->claim, view->volume))
		return;
	if (growth_is_wanted(view->claim))
		plan_expand(view, ret_plan);
	else if (is_untidy(view))
		ret_plan->decision = GROWTH_TIDY;
}
