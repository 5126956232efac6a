/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is to be done about a set, as data.
 *
 * A plan is made from one look at the set, its pods and their claims, at one moment, and touches
 * nothing. It is a list of decisions, in four stages that follow each other:
 *
 *	replicas	make what is missing, replace what has failed, put right what differs
 *	owners		say in the claims of pods to be scaled away whose they are
 *	condemned	delete pods beyond the range
 *	update		delete pods of an old revision, so that they come back with the new one
 *
 * An OrderedReady set does one thing and waits for it; the plan then says what it waits for. A
 * Parallel one does all it can. Whoever carries the plan out ends at the first decision that fails
 * (of a Parallel set: at the end of the batch, see sync/statefulset_apply.h): what follows was
 * decided in the belief that what comes before works.
 *
 * The rules are those of Kubernetes 1.37 with MaxUnavailableStatefulSet, except that the status
 * field currentReplicas counts the pods of the current revision, where Kubernetes subtracts one
 * for each deleted pod of any revision and may end below zero.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "kube/claim.h"
#include "set/statefulset.h"

struct pod;

/* More decisions than this are left to the next look. */
#define PLAN_DECISIONS_MAX 1000

enum plan_stage { STAGE_REPLICAS, STAGE_OWNERS, STAGE_CONDEMNED, STAGE_UPDATE };

enum decision_type {
	DECISION_CREATE_POD,  /* its claims first */
	DECISION_MEND_CLAIMS, /* the claims of a pod that is there */
	DECISION_UPDATE_POD,  /* its identity labels and volumes */
	DECISION_DELETE_POD,
};

enum delete_reason { DELETE_FINISHED, DELETE_SCALED_DOWN, DELETE_OUTDATED };

enum claim_action {
	CLAIM_ACTION_CREATE,	 /* there is none of that name */
	CLAIM_ACTION_AWAIT_END,	 /* it is being deleted: the decision fails, and is tried again */
	CLAIM_ACTION_SET_OWNERS, /* set/retention.h; after the pod is there */
	CLAIM_ACTION_NONE,	 /* it stays as it is; only the conflict is worth a word */
};

struct claim_step {
	enum claim_action action;
	const struct claim_template *template;
	const char *name;
	const struct claim *claim; /* NULL to create */
	bool conflict;		   /* retention_conflicts() */
};

struct decision {
	enum plan_stage stage;
	enum decision_type type;
	size_t place; /* in the stage's order: for batches */
	int32_t ordinal;
	const char *pod_name;
	const struct pod *pod;	   /* NULL to create */
	const char *revision_name; /* of the pod to create */
	enum delete_reason reason;
	struct claim_step *claims;
	size_t claim_count;
};

/* Looks up a claim of the set's namespace; NULL: there is none. Borrowed for the plan's life. */
struct claim_lookup {
	const struct claim *(*find)(void *context, const char *name);
	void *context;
};

struct plan_input {
	const struct statefulset *set;
	struct pod *const *pods; /* the set's own, in any order */
	size_t pod_count;
	struct claim_lookup claims;
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
	const char *waits_for;		  /* a constant sentence, or NULL: for the log … */
	const char *waits_for_pod;	  /* … and the pod in question */
	uint32_t look_again_ms;		  /* when time alone changes something; 0: never */
};

/* Everything in the plan lives in the arena or is borrowed from the input. */
struct plan statefulset_plan(const struct plan_input *input, struct arena *arena);

const char *delete_reason_text(enum delete_reason reason);
