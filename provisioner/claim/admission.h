/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a claim may go to the node that the scheduler selected for it, as far as that node's room
 * is known (apply/rooms.h).
 *
 * The scheduler compares each claim of a pod with the room by itself, so it may select a node on
 * which each fits and all do not. The first volume that is made there ties the pod to the node for
 * good, and a claim that keeps its annotation ties it too. So the claims of one pod must be judged
 * together, before any of them is made, and leave together.
 *
 * Which claims belong to one pod is not known here, since pods are not watched. Claims that may be
 * of one pod are those of one namespace on one node, except where claim_kinship() excludes it. They
 * are judged together the first time. When they come back to the node and still do not fit
 * together, each is judged by itself, with those that are certainly of its pod: otherwise claims of
 * different pods that fit one by one would never be served.
 *
 * The scheduler selects the node for one claim after the other. Where claims of the namespace have
 * no node yet, and would not fit if they came to this one, the claim waits for them for a moment.
 * It waits longer where the process has just begun: another one may have been killed between two
 * claims of a pod that were to leave.
 */

#include "apply/applier.h"
#include "claim/plan.h"
#include "claim/sight.h"

#define ADMISSION_SIBLINGS_MAX 64 /* so many are judged with a claim; more are not of one pod */
#define ADMISSION_WINDOW_MS 1000
#define ADMISSION_WINDOW_AT_BEGIN_MS 15000 /* and no longer than the applier's node_grace_ms */

enum claim_kinship {
	KINSHIP_UNKNOWN,
	KINSHIP_ONE_POD,
	KINSHIP_TWO_PODS,
};

/* By what claims of one namespace say of their pods: an owner that is a Pod (generic ephemeral
 * volumes); the names that a StatefulSet gives, <template>-<set>-<ordinal>; and its labels. */
enum claim_kinship claim_kinship(const struct claim *a, const struct claim *b);

enum admission {
	ADMISSION_GRANTED, /* its part of the room is given to it, or the room is not known */
	ADMISSION_LATER,   /* look again soon */
	ADMISSION_REFUSED, /* *why */
};

struct admission_request {
	const struct applier *applier;
	const struct claim_sight *sight;
	const struct claim_plan *plan; /* PROVISION without an intent, on a selected node */
	bool alone;		       /* only with those that are certainly of its pod */
	uint64_t began_ms;	       /* when this process began to look at claims */
};

/* *ret_together: refused with others. When a refusal returns, the scheduler sees that the node has
 * too little room. */
enum admission admission_ask(const struct admission_request *request, bool *ret_together,
			     struct error *why);

/* What a claim wants of the room of plan->node. */
struct room_wish admission_wish(const struct claim *claim);

/* The node's id, by which its room is known. */
const char *admission_node_id(const struct claim_plan *plan);
