/* SPDX-License-Identifier: Apache-2.0 */
#include "growth/reconcile.h"

#include <string.h>

#include "apply/role.h"
#include "base/log.h"
#include "cluster/volume_node.h"
#include "growth/apply.h"
#include "kube/event.h"

/* What is seen of a claim at one moment. */
struct sight {
	struct object *claim;
	struct object *volume; /* NULL: not there */
	struct cluster_nodes nodes;
};

static void sight_done(struct sight *sight)
{
	object_unref(sight->claim);
	object_unref(sight->volume);
	cluster_nodes_done(&sight->nodes);
}

static void take_sight(struct cluster *cluster, const char *key, struct sight *sight)
{
	const char *slash = strchr(key, '/');
	CLEANUP_FREE char *namespace = must_printf("%.*s", (int)(slash - key), key);
	sight->claim = cluster_get(cluster, CLUSTER_CLAIMS, namespace, slash + 1);
	if (!sight->claim || !claim_of(sight->claim)->volume_name[0])
		return;
	sight->volume =
		cluster_get(cluster, CLUSTER_VOLUMES, "", claim_of(sight->claim)->volume_name);
	if (sight->volume && persistent_volume_is_ours(persistent_volume_of(sight->volume)) &&
	    growth_is_wanted(claim_of(sight->claim)))
		volume_node_candidates(cluster, persistent_volume_of(sight->volume), &sight->nodes);
}

static void report_failure(const struct applier *applier, const struct growth_view *view,
			   const struct error *err)
{
	event_record(applier->events, &view->claim->object, EVENT_WARNING, "VolumeResizeFailed",
		     "resize volume \"%s\" failed: %s", view->volume->object.name, err->text);
}

static enum growth_outcome apply(const struct applier *applier, const struct growth_view *view,
				 const struct growth_plan *plan, struct error *err)
{
	switch (plan->decision) {
	case GROWTH_IGNORE:
		return GROWTH_DONE;
	case GROWTH_EXPAND:
		return growth_expand(applier, view, plan, err);
	case GROWTH_TIDY:
		return growth_tidy(applier, view, err);
	case GROWTH_REFUSE:
		return error_set(err, plan->reason.code, "%s", plan->reason.text);
	}
	return GROWTH_DONE;
}

static int settle(const struct applier *applier, const struct growth_view *view, struct error *err)
{
	struct growth_plan plan;
	growth_plan(view, &plan);
	switch (apply(applier, view, &plan, err)) {
	case GROWTH_DONE:
		return 0;
	case GROWTH_AGAIN:
		return ROLE_AGAIN_MS;
	case GROWTH_INFEASIBLE:
		log_warning(
			"growth refused",
			LOG_NAME("claim", view->claim->object.namespace, view->claim->object.name),
			LOG_TEXT("volume", view->volume->handle), LOG_ERR(err));
		report_failure(applier, view, err);
		return (int)applier->backoff_max_ms;
	case GROWTH_FAILED:
		break;
	}
	/* Our copy lagged, another writer was faster, or the lead has ended: nothing that a user
	 * could mend. */
	if (plan.decision != GROWTH_TIDY && err->code != ERROR_CONFLICT &&
	    err->code != ERROR_CANCELLED)
		report_failure(applier, view, err);
	return -1;
}

int growth_reconcile(const struct applier *applier, const char *key, struct error *err)
{
	CLEANUP(sight_done) struct sight sight = { 0 };
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	take_sight(applier->cluster, key, &sight);
	if (!sight.claim)
		return 0;
	struct growth_view view = {
		.claim = claim_of(sight.claim),
		.volume = sight.volume ? persistent_volume_of(sight.volume) : NULL,
		.nodes = &sight.nodes,
	};
	return settle(applier, &view, err);
}
