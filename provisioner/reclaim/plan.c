/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "csi/names.h"

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* A claim of the same name but another uid is another claim (Kubernetes behaviour). */
static bool in_use_by(const struct persistent_volume *volume, const struct claim *claim)
{
	return claim && same(claim->object.uid, volume->claim_uid) &&
	       same(claim->volume_name, volume->object.name);
}

bool volume_wants_reclaim(const struct persistent_volume *volume, const struct claim *claim)
{
	if (!persistent_volume_is_ours(volume) || !volume->delete_released)
		return false;
	if (volume->object.deleted_s &&
	    !object_has_finalizer(&volume->object, PERSISTENT_VOLUME_FINALIZER))
		return false; /* without our finalizer the data is not ours to delete */
	switch (volume->phase) {
	case PERSISTENT_VOLUME_RELEASED:
		return true;
	case PERSISTENT_VOLUME_PENDING:
	case PERSISTENT_VOLUME_AVAILABLE:
		/* Deleted by a user before it was bound: the binder leaves it alone from then on,
		 * so nothing else will ever release it. */
		return volume->object.deleted_s && !in_use_by(volume, claim);
	case PERSISTENT_VOLUME_BOUND:
	case PERSISTENT_VOLUME_FAILED:
		return false;
	}
	return false;
}

#define GIVE_UP                                                                                    \
	"To keep the data where they are, or to delete them by hand, set "                         \
	"persistentVolumeReclaimPolicy to Retain and delete the PersistentVolume"

static void stuck(struct volume_plan *plan, const char *format, ...)
{
	char why[ERROR_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	plan->decision = VOLUME_STUCK;
	error_set(&plan->reason, ERROR_INVALID,
		  "spec.nodeAffinity: %s, so it is unknown where the data are. Write the "
		  "PersistentVolume again with an affinity to the one node that has them. " GIVE_UP,
		  why);
}

static void node_gone(struct volume_plan *plan, const char *node)
{
	plan->decision = VOLUME_NODE_GONE;
	error_set(&plan->reason, ERROR_UNAVAILABLE,
		  "node \"%s\", which holds the data, is not in the cluster; it is tried again "
		  "when the node comes back. " GIVE_UP,
		  node);
}

static size_t find_matches(const struct volume_view *view, const struct node_view *ret_matches[2])
{
	size_t count = 0;
	for (size_t i = 0; i < view->nodes->count; i++) {
		const struct node_view *node = &view->nodes->views[i];
		if (!node_selector_matches(&view->volume->affinity, node))
			continue;
		if (count < 2)
			ret_matches[count] = node;
		count++;
	}
	return count;
}

static void plan_reclaim(const struct volume_view *view, struct volume_plan *plan)
{
	const struct node_selector *affinity = &view->volume->affinity;
	const struct node_view *matches[2];
	size_t count = find_matches(view, matches);
	const char *missing = node_selector_missing(affinity, view->nodes);
	if (affinity->term_count == 0)
		stuck(plan, "there is none");
	else if (count > 1)
		stuck(plan, "it matches %zu nodes (\"%s\", \"%s\"%s)", count,
		      matches[0]->node->object.name, matches[1]->node->object.name,
		      count > 2 ? ", …" : "");
	else if (count == 1 && missing)
		stuck(plan,
		      "it matches node \"%s\" and names node \"%s\", which is not in the "
		      "cluster",
		      matches[0]->node->object.name, missing);
	else if (missing)
		node_gone(plan, missing);
	else if (count == 0)
		stuck(plan, "it matches no node of the cluster");
	else {
		plan->decision = VOLUME_RECLAIM;
		plan->node = matches[0]->node->object.name;
	}
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
