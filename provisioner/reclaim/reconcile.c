/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/reconcile.h"

#include "apply/measure.h"
#include "apply/role.h"
#include "apply/volume_record.h"
#include "base/clock.h"
#include "cluster/volume_node.h"
#include "cluster/volume_release.h"
#include "kube/event.h"
#include "reclaim/apply.h"

#define UNMOUNT_MIN_MS 500
#define UNMOUNT_QUIET_S 3
#define UNMOUNT_GRACE_S 120
/* Its coming back wakes the volume. A node may leave many volumes behind, and each look writes an
 * event. */
#define NODE_GONE_MS (60 * 60 * 1000)

static int apply(const struct applier *applier, const struct volume_view *view,
		 const struct volume_plan *plan, struct error *err)
{
	switch (plan->decision) {
	case VOLUME_IGNORE:
		return 0;
	case VOLUME_ADD_FINALIZER:
		return volume_add_finalizer(applier, view->volume, err);
	case VOLUME_DROP_FINALIZER:
		return volume_record_drop_finalizer(applier, view->volume, err);
	case VOLUME_RECLAIM:
		return volume_reclaim(applier, view, plan->node, err);
	case VOLUME_NODE_GONE:
	case VOLUME_STUCK:
		return error_set(err, plan->reason.code, "%s", plan->reason.text);
	}
	return 0;
}

static void report_failure(const struct applier *applier, const struct persistent_volume *volume,
			   const struct error *err)
{
	measure_delete(volume->class_name, 0, err);
	event_record(applier->events, &volume->object, EVENT_WARNING, "VolumeFailedDelete", "%s",
		     err->text);
}

/* The claim goes with its last pod, or before it where the pod was deleted by force, and the
 * kubelet unmounts a little later: no reason for a warning. Our clock may be behind that of the API
 * server, but not far. */
static bool is_being_unmounted(const struct persistent_volume *volume, const struct error *err)
{
	int64_t since_s = clock_wall_s() - volume->phase_since_s;
	return err->code == ERROR_IN_USE && volume->phase == PERSISTENT_VOLUME_RELEASED &&
	       since_s > -UNMOUNT_GRACE_S && since_s < UNMOUNT_GRACE_S;
}

/* Returns when to look again: ever more rarely. Most are unmounted within seconds, without a word
 * of it. */
static int wait_for_unmount(const struct applier *applier, const struct persistent_volume *volume,
			    const struct error *err)
{
	int since_s = (int)(clock_wall_s() - volume->phase_since_s);
	if (since_s >= UNMOUNT_QUIET_S)
		event_record(applier->events, &volume->object, EVENT_NORMAL, "VolumeDelete",
			     "waits until the volume is unmounted: %s", err->text);
	return since_s > UNMOUNT_QUIET_S ? since_s * 1000 / 8 + UNMOUNT_MIN_MS : UNMOUNT_MIN_MS;
}

static int settle(const struct applier *applier, const struct volume_view *view, struct error *err)
{
	struct volume_plan plan;
	volume_plan(view, &plan);
	int r = apply(applier, view, &plan, err);
	if (r == 0)
		return 0;
	bool finalizer =
		plan.decision == VOLUME_ADD_FINALIZER || plan.decision == VOLUME_DROP_FINALIZER;
	if (err->code == ERROR_CONFLICT || (finalizer && err->code == ERROR_INVALID))
		return ROLE_AGAIN_MS;
	if (is_being_unmounted(view->volume, err))
		return wait_for_unmount(applier, view->volume, err);
	if (!finalizer)
		report_failure(applier, view->volume, err);
	return plan.decision == VOLUME_NODE_GONE ? NODE_GONE_MS : -1;
}

int reclaim_reconcile(const struct applier *applier, const char *key, struct error *err)
{
	struct cluster *cluster = applier->cluster;
	CLEANUP(object_unrefp)
	struct object *object = cluster_get(cluster, CLUSTER_VOLUMES, "", key);
	CLEANUP(object_unrefp) struct object *claim = NULL;
	CLEANUP(cluster_nodes_done) struct cluster_nodes nodes = { 0 };
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	if (!object)
		return 0;
	const struct persistent_volume *volume = persistent_volume_of(object);
	if (volume->claim_namespace && volume->claim_name)
		claim = cluster_get(cluster, CLUSTER_CLAIMS, volume->claim_namespace,
				    volume->claim_name);
	struct volume_view view = {
		.volume = volume,
		.claim = claim ? claim_of(claim) : NULL,
		.nodes = &nodes,
	};
	if (volume_wants_reclaim(volume, view.claim))
		volume_node_candidates(cluster, volume, &nodes);
	return settle(applier, &view, err);
}
