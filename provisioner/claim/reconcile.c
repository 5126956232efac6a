/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/reconcile.h"

#include <stdlib.h>

#include "apply/measure.h"
#include "apply/role.h"
#include "claim/departure.h"
#include "claim/intent.h"
#include "claim/node_choice.h"
#include "claim/provision.h"
#include "claim/sight.h"
#include "claim/source_guard.h"
#include "kube/event.h"

struct claim_reconciler {
	const struct applier *applier;
	struct departures *departures;
};

struct claim_reconciler *claim_reconciler_new(const struct applier *applier)
{
	struct claim_reconciler *reconciler = must_alloc(sizeof(*reconciler));
	reconciler->applier = applier;
	reconciler->departures = departures_new(applier->node_grace_ms, applier->backoff_max_ms);
	return reconciler;
}

void claim_reconciler_free(struct claim_reconciler *reconciler)
{
	if (reconciler)
		departures_free(reconciler->departures);
	free(reconciler);
}

/* Counted by classes that exist: the metric of a name that a user invents would never be
 * removed. */
static void report_failure(const struct applier *applier, const struct claim_sight *sight,
			   const struct error *err)
{
	const struct claim *claim = claim_of(sight->claim);
	measure_provision(sight->class ? claim->class_name : NULL, 0, err);
	event_record(applier->events, &claim->object, EVENT_WARNING, "ProvisioningFailed",
		     "failed to provision volume with StorageClass \"%s\": %s",
		     claim->class_name ? claim->class_name : "", err->text);
}

/* All that a refusal of the node may depend on, as far as we see it. */
static struct departure departure_of(const struct claim_sight *sight, const struct claim_plan *plan)
{
	const struct claim *claim = claim_of(sight->claim);
	uint64_t facts = departure_number(0, claim->request_bytes);
	facts = departure_number(facts, sight->is_unreachable);
	facts = departure_fact(facts, sight->class ? sight->class->uid : NULL);
	if (sight->nodes.count == 1) {
		const struct node_view *view = &sight->nodes.views[0];
		facts = departure_fact(facts, view->node->object.uid);
		facts = departure_fact(facts, view->csi_node ? view->csi_node->node_id : NULL);
		facts = departure_number(facts, view->node->ready);
		facts = departure_number(facts, view->node->unschedulable);
		facts = departure_number(facts, view->node->tainted);
	}
	return (struct departure) { .namespace = claim->object.namespace,
				    .claim_uid = claim->object.uid,
				    .node = plan->node,
				    .facts = facts,
				    .grace = plan->grace };
}

static int reschedule(struct claim_reconciler *reconciler, const struct claim_sight *sight,
		      const struct claim_plan *plan, struct error *err)
{
	struct departure departure = departure_of(sight, plan);
	report_failure(reconciler->applier, sight, &plan->reason);
	if (!plan->node_gone && !departure_is_due(reconciler->departures, &departure))
		return error_set(err, plan->reason.code, "%s", plan->reason.text);
	if (claim_reschedule(reconciler->applier, claim_of(sight->claim), plan, err) < 0)
		return -1;
	if (!plan->node_gone) /* no scheduler selects it again */
		departure_note(reconciler->departures, &departure);
	return 0;
}

static int choose(const struct applier *applier, const struct claim_sight *sight,
		  struct claim_plan *plan, struct error *err)
{
	const struct node_view *node;
	if (node_choice(applier, plan, &node, err) < 0)
		return -1;
	claim_plan_place(plan, node, sight->arena);
	return 0;
}

/* The scheduler's choice of another node than that of the source is removed, so that it follows the
 * volume; but once on the same facts, since the volume may not come for long. */
static int provision_elsewhere(struct claim_reconciler *reconciler, const struct claim_sight *sight,
			       struct claim_plan *plan, struct error *err)
{
	struct departure departure = departure_of(sight, plan);
	departure.node = plan->selected;
	plan->unselect = departure_is_due(reconciler->departures, &departure);
	int r = claim_provision(reconciler->applier, claim_of(sight->claim), class_of(sight->class),
				plan, err);
	if (plan->unselect && r <= 0)
		departure_note(reconciler->departures, &departure);
	return r;
}

static int provision_as_planned(struct claim_reconciler *reconciler,
				const struct claim_sight *sight, struct claim_plan *plan,
				struct error *err)
{
	const struct class *class = class_of(sight->class);
	struct departure departure = departure_of(sight, plan);
	plan->stays = plan->fixed || !departure_is_due(reconciler->departures, &departure);
	int r = claim_provision(reconciler->applier, claim_of(sight->claim), class, plan, err);
	if (r < 0 && !plan->stays && claim_failure_of(err->code, class) == CLAIM_FAILURE_RESCHEDULE)
		departure_note(reconciler->departures, &departure);
	return r;
}

static int provision(struct claim_reconciler *reconciler, const struct claim_sight *sight,
		     struct claim_plan *plan, struct error *err)
{
	const struct applier *applier = reconciler->applier;
	int r = plan->decision == CLAIM_CHOOSE ? choose(applier, sight, plan, err) : 0;
	if (r == 0)
		r = plan->selected && !plan->has_intent
			    ? provision_elsewhere(reconciler, sight, plan, err)
			    : provision_as_planned(reconciler, sight, plan, err);
	if (r < 0)
		report_failure(applier, sight, err);
	return r;
}

/* 1: undone, look at the claim again. */
static int undo(const struct applier *applier, const struct claim *claim,
		const struct claim_plan *plan, struct error *err)
{
	if (claim_undo(applier, claim, plan, err) == 0)
		return 1; /* the claim may still want a volume, somewhere else */
	event_record(applier->events, &claim->object, EVENT_WARNING, "ProvisioningCleanupFailed",
		     "failed to clean up volume of the claim: %s", err->text);
	return -1;
}

static int apply(struct claim_reconciler *reconciler, const struct claim_sight *sight,
		 struct claim_plan *plan, struct error *err)
{
	const struct applier *applier = reconciler->applier;
	const struct claim *claim = claim_of(sight->claim);
	int r = 0;
	switch (plan->decision) {
	case CLAIM_IGNORE:
	case CLAIM_WAIT:
		return 0;
	case CLAIM_LEAVE:
		event_record(applier->events, &claim->object, EVENT_NORMAL, "Provisioning",
			     "Assuming an external populator will provision the volume");
		return 0;
	case CLAIM_REFUSE:
		r = error_set(err, plan->reason.code, "%s", plan->reason.text);
		report_failure(applier, sight, err);
		return r;
	case CLAIM_RESCHEDULE:
		return reschedule(reconciler, sight, plan, err);
	case CLAIM_CHOOSE:
	case CLAIM_PROVISION:
		return provision(reconciler, sight, plan, err);
	case CLAIM_UNDO:
		return undo(applier, claim, plan, err);
	case CLAIM_SETTLE:
		/* Without the intent, a copy that does not show the volume would make it again. */
		return sight->copy_lags ? 1 : claim_intent_drop(applier, claim, false, err);
	}
	return 0;
}

int claim_reconcile(struct claim_reconciler *reconciler, const char *key, struct error *err)
{
	const struct applier *applier = reconciler->applier;
	CLEANUP(claim_sight_done) struct claim_sight sight = { .arena = arena_new(1024) };
	struct claim_plan plan;
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	if (source_guard_is_key(key))
		return source_guard_release(applier, key, err);
	int r = claim_sight_take(applier->cluster, applier->client, key, &sight, err);
	if (r != 0)
		return r < 0 ? -1 : 0;
	claim_sight_plan(&sight, &plan);
	r = apply(reconciler, &sight, &plan, err);
	return r > 0 ? ROLE_AGAIN_MS : r;
}
