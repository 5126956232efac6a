/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is to be done about a set, as data.
 *
 * A plan is made from one look at the set, its pods and their claims, at one moment, and touches
 * nothing. It is a list of decisions, in four stages that follow each other:
 *
 *	owners		set every claim's owner references (set/claim_plan.h)
 *	replicas	make what is missing, replace what has failed, put right what differs
 *	condemned	delete pods beyond the range
 *	update		delete pods of an old revision, so that they come back with the new one
 *
 * Beside the decisions a plan holds what the set waits for (set/hold.h). An OrderedReady set does
 * one thing and waits for it. A Parallel one does all it can: a replica that waits holds up no
 * other.
 *
 * A plan never undoes the one before it: a pod is made with the revision that the update stage
 * wants it to have. Each stage is bounded, so that the facts are read again before very many
 * decisions are carried out.
 *
 * The rules are those of Kubernetes 1.37 with MaxUnavailableStatefulSet;
 * docs/decisions/0006-statefulsets-as-upstream-but.md lists where they differ, and why.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kube/claim.h"
#include "set/hold.h"
#include "set/statefulset.h"

struct pod;

/* More decisions than this in a stage are left to the next look. */
#define PLAN_STAGE_MAX 100
#define PLAN_HOLDS_MAX 64

enum plan_stage { STAGE_OWNERS, STAGE_REPLICAS, STAGE_CONDEMNED, STAGE_UPDATE, PLAN_STAGES };

enum decision_type {
	DECISION_CREATE_POD,  /* its claims first */
	DECISION_MEND_CLAIMS, /* make, give to an owner or delete claims; the pod stays as it is */
	DECISION_UPDATE_POD,  /* its identity labels */
	DECISION_DELETE_POD,
};

enum delete_reason { DELETE_FINISHED, DELETE_SCALED_DOWN, DELETE_OUTDATED };

enum claim_action {
	CLAIM_ACTION_CREATE,	 /* there is none of that name */
	CLAIM_ACTION_SET_OWNERS, /* set/retention.h */
	CLAIM_ACTION_DELETE,	 /* it never had a volume, and its replica is no longer wanted */
	CLAIM_ACTION_NONE,	 /* it stays as it is; only the conflict is worth a word */
};

struct claim_step {
	enum claim_action action;
	const struct claim_template *template;
	const char *name;
	const struct claim *claim; /* NULL to create */
	bool conflict;		   /* retention_conflicts() */
	bool leftover;		   /* of a replica that is not wanted and has no pod */
};

struct decision {
	enum plan_stage stage;
	enum decision_type type;
	int32_t ordinal;
	const char *pod_name;
	const struct pod *pod;	   /* NULL to create */
	const char *revision_name; /* of the pod to create */
	enum delete_reason reason;
	struct claim_step *claims;
	size_t claim_count;
};

/* Looks up a claim of the set's namespace; NULL: there is none. Borrowed for the plan's life.
 * wait_ms: for how long a missing one must not be made; without that function none waits. */
struct claim_lookup {
	const struct claim *(*find)(void *context, const char *name);
	uint32_t (*wait_ms)(void *context, const char *name);
	void *context;
};

/* Finds a pod of the set's namespace by name, also one of another controller; NULL if there is
 * none. Without a function no pod is in the way. */
struct pod_lookup {
	const struct pod *(*find)(void *context, const char *name);
	void *context;
};

/* How long it must still wait until a failed pod is replaced, or a missing one is made again, with
 * that revision; 0: not at all. Without a function none waits. */
struct replacement_lookup {
	uint32_t (*wait_ms)(void *context, const char *pod_name, const char *revision,
			    bool missing);
	void *context;
};

struct plan_input {
	const struct statefulset *set;
	struct pod *const *pods; /* the set's own, in any order */
	size_t pod_count;
	struct pod_lookup pods_by_name;
	struct replacement_lookup replacements;
	struct claim_lookup claims;
	const struct claim *const *owned_claims; /* those whose controller is the set */
	size_t owned_claim_count;
	const char *current_revision; /* names */
	const char *update_revision;
	int32_t collision_count;
	int64_t now_ms;
};

struct plan {
	struct decision *decisions;
	size_t count;
	size_t capacity;
	struct statefulset_status status; /* as it is before anything is done */
	struct hold *holds;		  /* what the set waits for, at most PLAN_HOLDS_MAX */
	size_t hold_count;
	uint32_t look_again_ms; /* when time alone changes something; 0: never */
};
