/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/reconcile.h"

#include <stdlib.h>

#include "apply/measure.h"
#include "claim/intent.h"
#include "claim/node_choice.h"
#include "claim/provision.h"
#include "claim/sight.h"
#include "kube/event.h"

#define AGAIN_MS 200 /* the claim changed while we looked at it */

struct claim_reconciler {
	const struct applier *applier;
};

struct claim_reconciler *claim_reconciler_new(const struct applier *applier)
{
	struct claim_reconciler *reconciler = must_alloc(sizeof(*reconciler));
	reconciler->applier = applier;
	return reconciler;
}

void claim_reconciler_free(struct claim_reconciler *reconciler)
{
	free(reconciler);
}

/* Counted by classes that exist: a name that a user invents would stay in memory for ever. */
static void report_failure(const struct applier *applier, const struct claim_sight *sight,
			   const struct error *err)
{
	const struct claim *claim = claim_of(sight->claim);
	measure_provision(sight->class ? claim->class_name : NULL, 0, err);
	event_record(applier->events, &claim->object, EVENT_WARNING, "ProvisioningFailed",
		     "failed to provision volume with StorageClass \"%s\": %s",
		     claim->class_name ? claim->class_name : "", err->text);
}

static int provision(const struct applier *applier, const struct claim_sight *sight,
		     struct claim_plan *plan, struct error *err)
{
	if (plan->decision == CLAIM_CHOOSE) {
		const struct node_view *node;
		if (node_choice(applier, plan, &node, err) < 0)
			return -1;
		claim_plan_place(plan, node, sight->arena);
	}
	return claim_provision(applier, claim_of(sight->claim), class_of(sight->class), plan, err);
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

static int apply(const struct applier *applier, const struct claim_sight *sight,
		 struct claim_plan *plan, struct error *err)
{
	const struct claim *claim = claim_of(sight->claim);
	int r = 0;
	switch (plan->decision) {
	case CLAIM_IGNORE:
	case CLAIM_WAIT:
		return 0;
	case CLAIM_LEAVE:
		event_record(applier->events, &claim->object, EVENT_NORMAL, "Provisioner",
			     "Assuming an external populator will provision the volume");
		return 0;
	case CLAIM_REFUSE:
		r = error_set(err, plan->reason.code, "%s", plan->reason.text);
		report_failure(applier, sight, err);
		return r;
	case CLAIM_RESCHEDULE:
		report_failure(applier, sight, &plan->reason);
		return claim_intent_drop(applier, claim, true, err);
	case CLAIM_CHOOSE:
	case CLAIM_PROVISION:
		r = provision(applier, sight, plan, err);
		if (r < 0)
			report_failure(applier, sight, err);
		return r;
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
	int r = claim_sight_take(applier->cluster, applier->client, key, &sight, err);
	if (r != 0)
		return r < 0 ? -1 : 0;
	claim_sight_plan(&sight, &plan);
	r = apply(applier, &sight, &plan, err);
	return r > 0 ? AGAIN_MS : r;
}
