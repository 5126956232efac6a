/* SPDX-License-Identifier: Apache-2.0 */
#include "modify/plan.h"

#include <string.h>

#include "base/same.h"
#include "cluster/volume_node.h"
#include "csi/names.h"

/* "" stands for none, as a missing name does. */
static const char *name_or_null(const char *name)
{
	return name && name[0] ? name : NULL;
}

static bool is_bound(const struct claim *claim)
{
	return strcmp(claim->phase, "Bound") == 0 && claim->volume_name[0];
}

const char *modify_target(const struct claim *claim, bool answered)
{
	const char *wanted = name_or_null(claim->attributes_class_name);
	const char *driven = name_or_null(claim->modify_target);
	switch (claim->modify) {
	case CLAIM_MODIFY_NONE:
		return same(wanted, claim->current_attributes_class) ? NULL : wanted;
	case CLAIM_MODIFY_IN_PROGRESS:
		return driven && (!answered || !wanted) ? driven : wanted;
	case CLAIM_MODIFY_PENDING:
	case CLAIM_MODIFY_INFEASIBLE:
		return wanted;
	case CLAIM_MODIFY_OTHER:
		return NULL;
	}
	return NULL;
}

/* The status stays as the record of the last attempt, so the condition says whether the change has
 * been taken back already. */
static bool is_to_cancel(const struct claim *claim)
{
	return !name_or_null(claim->attributes_class_name) &&
	       !name_or_null(claim->current_attributes_class) &&
	       (claim->modify == CLAIM_MODIFY_PENDING ||
		claim->modify == CLAIM_MODIFY_INFEASIBLE) &&
	       claim->conditions & CLAIM_MODIFYING;
}

bool modify_is_wanted(const struct claim *claim)
{
	return is_bound(claim) && (modify_target(claim, false) || is_to_cancel(claim));
}

bool modify_waits_for_node(const struct claim *claim)
{
	const char *target = is_bound(claim) ? modify_target(claim, false) : NULL;
	return target &&
	       !(claim->modify == CLAIM_MODIFY_INFEASIBLE && same(target, claim->modify_target));
}

/* Sets *reason as error_set() does. */
#define DECIDE(plan, what, code, ...)                                                              \
	do {                                                                                       \
		(plan)->decision = (what);                                                         \
		error_set(&(plan)->reason, code, __VA_ARGS__);                                     \
	} while (0)

static void plan_send(const struct modify_view *view, struct modify_plan *plan)
{
	const struct claim *claim = view->claim;
	plan->repeats = claim->modify == CLAIM_MODIFY_IN_PROGRESS &&
			same(plan->target, claim->modify_target);
	plan->decision = MODIFY_SEND;
	if (volume_node_find(view->volume, view->nodes, &plan->node, &plan->reason) < 0)
		plan->decision = MODIFY_REFUSE;
}

static void plan_target(const struct modify_view *view, struct modify_plan *plan)
{
	const char *target = plan->target;
	bool driven = view->claim->modify == CLAIM_MODIFY_IN_PROGRESS &&
		      same(target, view->claim->modify_target);
	if (view->class && attributes_class_is_ours(view->class))
		plan_send(view, plan);
	else if (view->class)
		DECIDE(plan, MODIFY_REJECT, ERROR_INVALID,
		       "VolumeAttributesClass \"%s\" is of driver %s, and the volume of driver "
		       "" CSI_DRIVER_NAME,
		       target, view->class->driver);
	else if (view->unserved)
		DECIDE(plan, MODIFY_REFUSE, ERROR_UNAVAILABLE,
		       "volumeattributesclass.storage.k8s.io \"%s\": the API server does not serve "
		       "this kind in version storage.k8s.io/v1",
		       target);
	else
		/* What a call may have begun is not forgotten. */
		DECIDE(plan, driven ? MODIFY_REFUSE : MODIFY_AWAIT, ERROR_NOT_FOUND,
		       "volumeattributesclass.storage.k8s.io \"%s\" not found", target);
}

void modify_plan(const struct modify_view *view, struct modify_plan *ret_plan)
{
	const struct claim *claim = view->claim;
	*ret_plan = (struct modify_plan) { .decision = MODIFY_IGNORE };
	if (!is_bound(claim) || !view->volume || !persistent_volume_is_ours(view->volume) ||
	    !persistent_volume_is_of(view->volume, claim))
		return;
	ret_plan->target = modify_target(claim, view->answered);
	if (ret_plan->target)
		plan_target(view, ret_plan);
	else if (is_to_cancel(claim))
		ret_plan->decision = MODIFY_CANCEL;
}
