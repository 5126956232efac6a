/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/reconcile.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "apply/measure.h"
#include "apply/role.h"
#include "apply/rooms.h"
#include "base/clock.h"
#include "base/log.h"
#include "claim/admission.h"
#include "claim/departure.h"
#include "claim/intent.h"
#include "claim/missed_node.h"
#include "claim/node_choice.h"
#include "claim/provision.h"
#include "claim/sight.h"
#include "claim/source_guard.h"
#include "kube/event.h"

/* Our copy does not show our own PersistentVolume yet. It wakes the claim when it does: this is for
 * a copy that does not catch up, when each look takes two requests. */
#define BEHIND_MS 30000

struct claim_reconciler {
	const struct applier *applier;
	struct departures *departures;
	struct missed_nodes *missed;
	_Atomic uint64_t began_ms; /* at the first look at a claim, when all lists are in */
};

/* The same bound as of the records of released volumes: docs/decisions/0030-a-node-that-is-gone.md.
 */
static uint32_t node_bound_ms(const struct applier *applier)
{
	uint32_t sight_s = applier->node_sight_s;
	return 1000 * (sight_s < applier->node_gone_after_s ? sight_s : applier->node_gone_after_s);
}

struct claim_reconciler *claim_reconciler_new(const struct applier *applier)
{
	struct claim_reconciler *reconciler = must_alloc(sizeof(*reconciler));
	reconciler->applier = applier;
	reconciler->departures = departures_new(applier->node_grace_ms, applier->backoff_max_ms);
	reconciler->missed = missed_nodes_new(node_bound_ms(applier));
	return reconciler;
}

void claim_reconciler_free(struct claim_reconciler *reconciler)
{
	if (!reconciler)
		return;
	departures_free(reconciler->departures);
	missed_nodes_free(reconciler->missed);
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

/* How much of the claim fits on the node, in eighths: the same for small changes. A copy takes no
 * such part. */
static uint64_t room_fact(const struct applier *applier, const struct claim_sight *sight,
			  const struct claim_plan *plan)
{
	const struct claim *claim = claim_of(sight->claim);
	const char *node_id = admission_node_id(plan);
	uint64_t left;
	if (!node_id || claim->data_source ||
	    !rooms_left(applier->rooms, node_id, claim->class_name, &left))
		return 0;
	return left >= claim->request_bytes ? 9 : 1 + left / (claim->request_bytes / 8 + 1);
}

/* All that a refusal of the node may depend on, as far as we see it. */
static struct departure departure_of(const struct applier *applier, const struct claim_sight *sight,
				     const struct claim_plan *plan)
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
	facts = departure_number(facts, plan->together);
	facts = departure_number(facts, room_fact(applier, sight, plan));
	return (struct departure) { .namespace = claim->object.namespace,
				    .claim_uid = claim->object.uid,
				    .node = plan->node,
				    .facts = facts,
				    .grace = plan->grace };
}

static int reschedule(struct claim_reconciler *reconciler, const struct claim_sight *sight,
		      const struct claim_plan *plan, struct error *err)
{
	struct departure departure = departure_of(reconciler->applier, sight, plan);
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
	if (node_choice(applier, claim_of(sight->claim), plan, &node, err) < 0)
		return -1;
	claim_plan_place(plan, node, sight->arena);
	return 0;
}

/* With the part of the node's room that it is given. */
static int make_volume(const struct applier *applier, const struct claim_sight *sight,
		       const struct claim_plan *plan, struct error *err)
{
	const struct claim *claim = claim_of(sight->claim);
	const struct class *class = class_of(sight->class);
	const char *node_id = admission_node_id(plan);
	const struct room_wish wish = admission_wish(claim);
	rooms_begin(applier->rooms, node_id, &wish);
	int r = claim_provision(applier, claim, class, plan, err);
	bool kept =
		r == 0 || (r < 0 && claim_failure_of(err->code, class) == CLAIM_FAILURE_BACKGROUND);
	rooms_end(applier->rooms, node_id, wish.claim_uid, kept);
	return r;
}

/* As upstream does for what is infeasible. */
static void say_that_retries_are_delayed(const struct applier *applier, struct error *err)
{
	const struct error reason = *err;
	error_set(
		err, reason.code,
		"%.800s; retries are delayed: it is tried again in %u s, or when the StorageClass "
		"is made again",
		reason.text, applier->backoff_max_ms / 1000);
}

/* The scheduler's choice of another node than that of the source is removed, so that it follows the
 * volume; but once on the same facts, since the volume may not come for long. */
static int provision_elsewhere(struct claim_reconciler *reconciler, const struct claim_sight *sight,
			       struct claim_plan *plan, struct error *err)
{
	struct departure departure = departure_of(reconciler->applier, sight, plan);
	departure.node = plan->selected;
	plan->unselect = departure_is_due(reconciler->departures, &departure);
	int r = make_volume(reconciler->applier, sight, plan, err);
	if (plan->unselect && r != 1)
		departure_note(reconciler->departures, &departure);
	return r;
}

static int provision_as_planned(struct claim_reconciler *reconciler,
				const struct claim_sight *sight, struct claim_plan *plan,
				struct error *err)
{
	const struct class *class = class_of(sight->class);
	struct departure departure = departure_of(reconciler->applier, sight, plan);
	plan->stays = plan->fixed || !departure_is_due(reconciler->departures, &departure);
	int r = make_volume(reconciler->applier, sight, plan, err);
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
	if (r == CLAIM_INFEASIBLE)
		say_that_retries_are_delayed(applier, err);
	if (r < 0 || r == CLAIM_INFEASIBLE)
		report_failure(applier, sight, err);
	return r;
}

static enum admission ask_for_room(struct claim_reconciler *reconciler,
				   const struct claim_sight *sight, struct claim_plan *plan,
				   bool alone)
{
	return admission_ask(&(struct admission_request) { .applier = reconciler->applier,
							   .sight = sight,
							   .plan = plan,
							   .alone = alone,
							   .began_ms = reconciler->began_ms },
			     &plan->together, &plan->reason);
}

/* The node's room is known: a claim that does not fit there leaves it without asking. */
static int provision_if_it_fits(struct claim_reconciler *reconciler,
				const struct claim_sight *sight, struct claim_plan *plan,
				struct error *err)
{
	const struct applier *applier = reconciler->applier;
	enum admission admission = ask_for_room(reconciler, sight, plan, false);
	struct departure departure = departure_of(applier, sight, plan);
	/* The scheduler sent them back together: now it is each for itself. */
	if (admission == ADMISSION_REFUSED && plan->together &&
	    !departure_is_due(reconciler->departures, &departure))
		admission = ask_for_room(reconciler, sight, plan, true);
	if (admission == ADMISSION_LATER)
		return 1;
	if (admission == ADMISSION_GRANTED)
		return provision(reconciler, sight, plan, err);
	int r = reschedule(reconciler, sight, plan, err);
	if (r == 0)
		rooms_end(applier->rooms, admission_node_id(plan),
			  claim_of(sight->claim)->object.uid, false);
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
	case CLAIM_PROVISION:
		if (!plan->has_intent)
			return provision_if_it_fits(reconciler, sight, plan, err);
		return provision(reconciler, sight, plan, err);
	case CLAIM_CHOOSE:
		return provision(reconciler, sight, plan, err);
	case CLAIM_UNDO:
		return undo(applier, claim, plan, err);
	case CLAIM_SETTLE:
		return claim_intent_drop(applier, claim, false, err);
	}
	return 0;
}

static void tell_of_node(const struct applier *applier, const struct claim *claim, const char *node)
{
	event_record(
		applier->events, &claim->object, EVENT_WARNING, "VolumeNodeGone",
		"node \"%s\", on which the volume of this claim may have been made, is not in "
		"the cluster: if it stays away for %u s, the volume is given up with it, and the "
		"claim waits for it no longer",
		node, node_bound_ms(applier) / 1000);
}

/* A volume without a PersistentVolume may be on the node, and nothing else would remember it if the
 * node came back. 0: the node has had its time. */
static int wait_for_node(struct claim_reconciler *reconciler, const struct claim_sight *sight,
			 const struct claim_plan *plan)
{
	uint32_t left_ms =
		missed_node_left_ms(reconciler->missed, plan->node, clock_monotonic_ms());
	if (left_ms == 0)
		return 0;
	tell_of_node(reconciler->applier, claim_of(sight->claim), plan->node);
	return workqueue_put_off(left_ms);
}

static int confirm_loss(struct claim_reconciler *reconciler, struct claim_sight *sight,
			struct claim_plan *plan, struct error *err)
{
	const struct applier *applier = reconciler->applier;
	int r = claim_sight_confirm(applier->cluster, applier->client, plan, sight, err);
	if (r < 0)
		return -1;
	if (r == 0) {
		claim_sight_plan(sight, plan);
		return 0;
	}
	missed_node_end(reconciler->missed, plan->node);
	return error_set(err, ERROR_UNAVAILABLE,
			 "node \"%s\" is in the cluster, but our copy does not show it yet",
			 plan->node);
}

/* What was made is not given up because a copy of the cluster is behind, or because a node is away
 * for a moment; and without the intent, a copy that does not show the volume would make it again.
 * 0: carry out the plan. */
static int confirm(struct claim_reconciler *reconciler, struct claim_sight *sight,
		   struct claim_plan *plan, struct error *err)
{
	missed_nodes_end(reconciler->missed, sight->nodes.views, sight->nodes.count);
	if (plan->decision == CLAIM_SETTLE && sight->copy_lags)
		return workqueue_put_off(BEHIND_MS);
	if (plan->node_gone && plan->has_intent) {
		int r = wait_for_node(reconciler, sight, plan);
		if (r != 0)
			return r;
	}
	return plan->node_gone || plan->source_lost ? confirm_loss(reconciler, sight, plan, err)
						    : 0;
}

static void note_begin(struct claim_reconciler *reconciler)
{
	uint64_t never = 0;
	atomic_compare_exchange_strong(&reconciler->began_ms, &never, clock_monotonic_ms());
}

int claim_reconcile(struct claim_reconciler *reconciler, const char *key, struct error *err)
{
	const struct applier *applier = reconciler->applier;
	CLEANUP(claim_sight_done) struct claim_sight sight = { .arena = arena_new(1024) };
	struct claim_plan plan;
	note_begin(reconciler);
	if (lead_check(&applier->lead, err) < 0)
		return -1;
	if (source_guard_is_key(key))
		return source_guard_release(applier, key, err);
	int r = claim_sight_take(applier->cluster, applier->client, key, &sight, err);
	if (r != 0)
		return r < 0 ? -1 : 0;
	claim_sight_plan(&sight, &plan);
	r = confirm(reconciler, &sight, &plan, err);
	if (r != 0)
		return r;
	r = apply(reconciler, &sight, &plan, err);
	if (r != CLAIM_INFEASIBLE)
		return r > 0 ? ROLE_AGAIN_MS : r;
	log_warning("claim cannot be served", LOG_TEXT("claim", key), LOG_ERR(err));
	return (int)applier->backoff_max_ms;
}
