/* SPDX-License-Identifier: Apache-2.0 */
#include "modify/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "apply/role.h"
#include "base/log.h"
#include "cluster/volume_node.h"
#include "kube/event.h"
#include "modify/answers.h"
#include "modify/apply.h"

struct modify_reconciler {
	const struct applier *applier;
	struct modify_answers *answers;
};

struct modify_reconciler *modify_reconciler_new(const struct applier *applier)
{
	struct modify_reconciler *reconciler = must_alloc(sizeof(*reconciler));
	reconciler->applier = applier;
	reconciler->answers = modify_answers_new();
	return reconciler;
}

void modify_reconciler_free(struct modify_reconciler *reconciler)
{
	if (reconciler)
		modify_answers_free(reconciler->answers);
	free(reconciler);
}

/* What is seen of a claim at one moment. */
struct sight {
	struct object *claim;
	bool answered;
	struct object *class;  /* NULL: not there */
	struct object *volume; /* NULL: not there */
	struct cluster_nodes nodes;
};

static void sight_done(struct sight *sight)
{
	object_unref(sight->claim);
	object_unref(sight->class);
	object_unref(sight->volume);
	cluster_nodes_done(&sight->nodes);
}

static struct object *find_claim(struct cluster *cluster, const char *key)
{
	const char *slash = strchr(key, '/');
	CLEANUP_FREE char *namespace = must_printf("%.*s", (int)(slash - key), key);
	return cluster_get(cluster, CLUSTER_CLAIMS, namespace, slash + 1);
}

static void take_sight(struct modify_reconciler *reconciler, const char *key, struct sight *sight)
{
	struct cluster *cluster = reconciler->applier->cluster;
	const struct claim *claim = claim_of(sight->claim);
	sight->answered = modify_answers_has(reconciler->answers, key, claim->object.uid);
	const char *target = modify_target(claim, sight->answered);
	sight->volume = cluster_get(cluster, CLUSTER_VOLUMES, "", claim->volume_name);
	if (!target || !sight->volume)
		return;
	sight->class = cluster_get(cluster, CLUSTER_ATTRIBUTES_CLASSES, "", target);
	if (persistent_volume_is_ours(persistent_volume_of(sight->volume)))
		volume_node_candidates(cluster, persistent_volume_of(sight->volume), &sight->nodes);
}

static void report_failure(const struct applier *applier, const struct modify_view *view,
			   const struct error *err)
{
	event_record(applier->events, &view->claim->object, EVENT_WARNING, "VolumeModifyFailed",
		     "changing the VolumeAttributesClass of volume \"%s\" failed: %s",
		     view->volume->object.name, err->text);
}

static enum modify_outcome apply(const struct applier *applier, const struct modify_view *view,
				 const struct modify_plan *plan, struct error *err)
{
	switch (plan->decision) {
	case MODIFY_IGNORE:
		return MODIFY_DONE;
	case MODIFY_SEND:
		return modify_send(applier, view, plan, err);
	case MODIFY_AWAIT:
		return modify_await(applier, view, plan, err);
	case MODIFY_REJECT:
		return modify_reject(applier, view, plan, err);
	case MODIFY_CANCEL:
		return modify_cancel(applier, view, err);
	case MODIFY_REFUSE:
		return error_set(err, plan->reason.code, "%s", plan->reason.text);
	}
	return MODIFY_DONE;
}

/* Each call begins without an answer: while its own is not known, no older one counts. */
static enum modify_outcome apply_and_note(struct modify_reconciler *reconciler, const char *key,
					  const struct modify_view *view,
					  const struct modify_plan *plan, struct error *err)
{
	if (plan->decision != MODIFY_REFUSE)
		modify_answers_drop(reconciler->answers, key);
	enum modify_outcome outcome = apply(reconciler->applier, view, plan, err);
	if (outcome == MODIFY_ANSWERED)
		modify_answers_note(reconciler->answers, key, view->claim->object.uid);
	return outcome;
}

static int settle(struct modify_reconciler *reconciler, const char *key,
		  const struct modify_view *view, struct error *err)
{
	const struct applier *applier = reconciler->applier;
	struct modify_plan plan;
	modify_plan(view, &plan);
	switch (apply_and_note(reconciler, key, view, &plan, err)) {
	case MODIFY_DONE:
		return 0;
	case MODIFY_AGAIN:
		return ROLE_AGAIN_MS;
	case MODIFY_INFEASIBLE:
		log_warning(
			"modification refused",
			LOG_NAME("claim", view->claim->object.namespace, view->claim->object.name),
			LOG_TEXT("volume", view->volume->handle), LOG_ERR(err));
		report_failure(applier, view, err);
		return (int)applier->backoff_max_ms;
	case MODIFY_ANSWERED:
	case MODIFY_FAILED:
		break;
	}
	/* Our copy lagged, another writer was faster, or the lead has ended: nothing that a user
	 * could mend. */
	if (err->code != ERROR_CONFLICT && err->code != ERROR_CANCELLED)
		report_failure(applier, view, err);
	return -1;
}

int modify_reconcile(struct modify_reconciler *reconciler, const char *key, struct error *err)
{
	const struct applier *applier = reconciler->applier;
	CLEANUP(sight_done) struct sight sight = { 0 };
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	sight.claim = find_claim(applier->cluster, key);
	if (!sight.claim || !modify_is_wanted(claim_of(sight.claim))) {
		modify_answers_drop(reconciler->answers, key);
		return 0;
	}
	take_sight(reconciler, key, &sight);
	struct modify_view view = {
		.claim = claim_of(sight.claim),
		.answered = sight.answered,
		.class = sight.class ? attributes_class_of(sight.class) : NULL,
		.unserved = !cluster_serves(applier->cluster, CLUSTER_ATTRIBUTES_CLASSES),
		.volume = sight.volume ? persistent_volume_of(sight.volume) : NULL,
		.nodes = &sight.nodes,
	};
	return settle(reconciler, key, &view, err);
}
