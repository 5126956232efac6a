/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/plan.h"

#include "cluster/volume_node.h"
#include "cluster/volume_release.h"

#define GIVE_UP                                                                                    \
	"To keep the data where they are, or to delete them by hand, set "                         \
	"persistentVolumeReclaimPolicy to Retain and delete the PersistentVolume"

static void plan_reclaim(const struct volume_view *view, struct volume_plan *plan)
{
	struct error why;
	if (volume_node_find(view->volume, view->nodes, &plan->node, &why) == 0) {
		plan->decision = VOLUME_RECLAIM;
		return;
	}
	plan->decision = why.code == ERROR_UNAVAILABLE ? VOLUME_NODE_GONE : VOLUME_STUCK;
	/* Cut so that the way out is always whole. */
	error_set(&plan->reason, why.code, "%.800s. " GIVE_UP, why.text);
}

static void plan_finalizer(const struct persistent_volume *volume, struct volume_plan *plan)
{
	bool has = object_has_finalizer(&volume->object, PERSISTENT_VOLUME_FINALIZER);
	if (has && !volume->delete_released)
		plan->decision = VOLUME_DROP_FINALIZER;
	else if (!has && volume->delete_released && volume->phase == PERSISTENT_VOLUME_BOUND &&
		 !volume->object.deleted_s)
		plan->decision = VOLUME_ADD_FINALIZER;
}

void volume_plan(const struct volume_view *view, struct volume_plan *ret_plan)
{
	*ret_plan = (struct volume_plan) { .decision = VOLUME_IGNORE };
	if (!persistent_volume_is_ours(view->volume))
		return;
	if (volume_wants_reclaim(view->volume, view->claim))
		plan_reclaim(view, ret_plan);
	else
		plan_finalizer(view->volume, ret_plan);
}
