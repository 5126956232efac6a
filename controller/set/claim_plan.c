/* SPDX-License-Identifier: Apache-2.0 */
#include "set/claim_plan.h"

#include <string.h>

#include "set/identity.h"
#include "set/pod.h"
#include "set/retention.h"

/* So many ordinals without a pod are looked at: a set may ask for 2^31 of them. */
#define WALK_MAX 10000

static const struct claim *find_claim(const struct planner *planner, const char *name)
{
	const struct claim_lookup *lookup = &planner->input->claims;
	return lookup->find(lookup->context, name);
}

static struct retention_pod retention_view(const struct planner *planner, int32_t ordinal,
					   const struct pod *pod)
{
	return (struct retention_pod) {
		.name = identity_pod_name(planner->arena, planner->set, ordinal),
		.uid = pod ? pod->object.uid : "",
		.in_range = identity_in_range(planner->set, ordinal),
	};
}

static struct claim_step *add_step(const struct planner *planner, struct decision *decision,
				   const struct claim_step *step)
{
	if (!decision->claims)
		decision->claims = arena_alloc(planner->arena, planner->set->claim_template_count *
								       sizeof(*decision->claims));
	decision->claims[decision->claim_count] = *step;
	return &decision->claims[decision->claim_count++];
}

static struct claim_step step_of(const struct planner *planner,
				 const struct claim_template *template, int32_t ordinal)
{
	const char *name =
		identity_claim_name(planner->arena, planner->set, template->name, ordinal);
	return (struct claim_step) {
		.template = template,
		.name = name,
		.claim = find_claim(planner, name),
	};
}

/* Presence. */

/* Why no pod may start on the claim; for a pod that is there already, why it may never start. */
static enum hold_reason obstacle_of(const struct statefulset *set, const struct claim *claim,
				    const struct retention_pod *new_pod)
{
	if (new_pod && retention_claim_is_stale(set, claim, new_pod))
		return HOLD_CLAIM_STALE;
	if (claim->object.deleted_s != 0)
		return HOLD_CLAIM_TERMINATING;
	if (new_pod && retention_claim_is_of_earlier_set(set, claim))
		return HOLD_CLAIM_EARLIER;
	return HOLD_NONE;
}

/* The claim was made and deleted again and again. */
static bool must_wait(struct planner *planner, const char *claim_name)
{
	const struct claim_lookup *lookup = &planner->input->claims;
	uint32_t wait_ms = lookup->wait_ms ? lookup->wait_ms(lookup->context, claim_name) : 0;
	planner_look_again(planner, wait_ms);
	return wait_ms > 0;
}

bool claim_plan_present(struct planner *planner, struct decision *decision)
{
	const struct statefulset *set = planner->set;
	struct retention_pod pod = retention_view(planner, decision->ordinal, decision->pod);
	bool usable = true;
	for (size_t i = 0; i < set->claim_template_count; i++) {
		struct claim_step step =
			step_of(planner, &set->claim_templates[i], decision->ordinal);
		enum hold_reason reason = HOLD_NONE;
		if (step.claim)
			reason = obstacle_of(set, step.claim, decision->pod ? NULL : &pod);
		else if (must_wait(planner, step.name))
			reason = HOLD_CLAIM_VANISHED;
		else
			add_step(planner, decision, &step)->action = CLAIM_ACTION_CREATE;
		if (reason == HOLD_NONE)
			continue;
		planner_hold(planner, reason, pod.name, step.name);
		usable = false;
	}
	return usable;
}

/* Owners. */

static bool is_unsettled(const struct pod *pod)
{
	return !pod || pod->phase == POD_PENDING || pod->phase == POD_PHASE_NONE;
}

/* A conflict of owners is worth a word as long as the pod is not running. */
static bool needs_owners(const struct planner *planner, const struct pod *pod,
			 const struct retention_pod *view, struct claim_step *step)
{
	if (!step->claim || step->claim->object.deleted_s != 0)
		return false;
	bool fits = retention_fits(planner->set, step->claim, view);
	step->conflict = retention_conflicts(planner->set, step->claim, view);
	step->action = fits ? CLAIM_ACTION_NONE : CLAIM_ACTION_SET_OWNERS;
	return !fits || (step->conflict && is_unsettled(pod));
}

static bool mend_owners(struct planner *planner, int32_t ordinal, const struct pod *pod)
{
	const struct statefulset *set = planner->set;
	struct retention_pod view = retention_view(planner, ordinal, pod);
	struct decision decision = {
		.stage = STAGE_OWNERS,
		.type = DECISION_MEND_CLAIMS,
		.ordinal = ordinal,
		.pod_name = view.name,
		.pod = pod,
	};
	for (size_t i = 0; i < set->claim_template_count; i++) {
		struct claim_step step = step_of(planner, &set->claim_templates[i], ordinal);
		if (needs_owners(planner, pod, &view, &step))
			add_step(planner, &decision, &step);
	}
	return decision.claim_count == 0 || planner_add(planner, &decision);
}

static bool mend_in_range(struct planner *planner)
{
	size_t next = 0;
	size_t missing = 0;
	int64_t end = identity_end(planner->set);
	for (int64_t ordinal = planner->set->start_ordinal; ordinal < end && ordinal <= INT32_MAX;
	     ordinal++) {
		struct pod *pod = NULL;
		if (next < planner->in_range_count && planner->in_range[next]->ordinal == ordinal)
			pod = planner->in_range[next++];
		if (!pod && ++missing > WALK_MAX)
			break;
		if (!mend_owners(planner, (int32_t)ordinal, pod))
			return false;
	}
	for (; next < planner->in_range_count; next++)
		if (!mend_owners(planner, planner->in_range[next]->ordinal,
				 planner->in_range[next]))
			return false;
	return true;
}

static bool mend_condemned(struct planner *planner)
{
	for (size_t i = 0; i < planner->condemned_count; i++)
		if (!mend_owners(planner, planner->condemned[i]->ordinal, planner->condemned[i]))
			return false;
	return true;
}

/* Claims that the set owns, of ordinals that it does not want and that have no pod. */

static const struct claim_template *template_of(const struct planner *planner, const char *parent)
{
	const struct statefulset *set = planner->set;
	for (size_t i = 0; i < set->claim_template_count; i++) {
		const char *name = arena_printf(planner->arena, "%s-%s",
						set->claim_templates[i].name, set->object.name);
		if (strcmp(name, parent) == 0)
			return &set->claim_templates[i];
	}
	return NULL;
}

static bool is_condemned(const struct planner *planner, int32_t ordinal)
{
	for (size_t i = 0; i < planner->condemned_count; i++)
		if (planner->condemned[i]->ordinal == ordinal)
			return true;
	return false;
}

/* A claim without a volume holds no data. Only a pod could be named as the owner with which it
 * goes, and there was none. */
static enum claim_action leftover_action(const struct planner *planner, const struct claim *claim)
{
	const struct statefulset *set = planner->set;
	if (set->when_scaled == DELETE && !*claim->volume_name)
		return CLAIM_ACTION_DELETE;
	return set->when_deleted == DELETE ? CLAIM_ACTION_NONE : CLAIM_ACTION_SET_OWNERS;
}

static bool mend_leftover(struct planner *planner, const struct claim *claim)
{
	const char *parent;
	int32_t ordinal = pod_name_parse(planner->arena, claim->object.name, &parent);
	struct claim_step step = {
		.template = ordinal < 0 ? NULL : template_of(planner, parent),
		.name = claim->object.name,
		.claim = claim,
		.leftover = true,
	};
	if (!step.template || claim->object.deleted_s != 0 ||
	    identity_in_range(planner->set, ordinal) || is_condemned(planner, ordinal))
		return true;
	step.action = leftover_action(planner, claim);
	if (step.action == CLAIM_ACTION_NONE)
		return true;
	struct decision decision = {
		.stage = STAGE_OWNERS,
		.type = DECISION_MEND_CLAIMS,
		.ordinal = ordinal,
		.pod_name = identity_pod_name(planner->arena, planner->set, ordinal),
	};
	add_step(planner, &decision, &step);
	return planner_add(planner, &decision);
}

static bool mend_leftovers(struct planner *planner)
{
	for (size_t i = 0; i < planner->input->owned_claim_count; i++)
		if (!mend_leftover(planner, planner->input->owned_claims[i]))
			return false;
	return true;
}

bool claim_plan_owners(struct planner *planner)
{
	return mend_condemned(planner) && mend_in_range(planner) && mend_leftovers(planner);
}
