/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A StatefulSet "web" with its pods and claims, written down in a line, and the plan for it as a
 * line: the tables of plan tests.
 *
 * Pods are "<ordinal><marks>", separated by spaces; without a mark a pod is running, ready for an
 * hour and of the update revision web-new. Marks:
 *
 *	o  of the current revision web-old	U  running, not ready
 *	M  ready since 10 s			P  pending
 *	T  terminating				F  failed
 *	S  succeeded				L  without the label of its name
 *	V  without its claim's volume		Z  named with a zero before the ordinal
 *
 * The plan is "create 0, delete 2 (outdated), mend 1 [own www-web-1]", what is done to claims in
 * brackets: make, own (set the owners), drop (delete), leave.
 */

#include "base/arena.h"
#include "set/statefulset_plan.h"

#define SCENE_NOW_MS INT64_C(1790000000000)

struct set_scene {
	const char *spec;   /* members of spec, quotes as ': "'replicas': 3, " and so on; or NULL */
	const char *status; /* members of status; or NULL */
	const char *pods;
	const char *claims;	 /* "www-web-0 www-web-1D": D is being deleted, B bound to a volume;
				  * NULL: all there are, bound */
	const char *claim_owner; /* an owner reference of every claim, as JSON with '; or NULL */
	const char *others;	 /* pods that are not the set's, as pods; their owner: */
	const char *other_owner; /* as claim_owner */
	uint32_t wait_ms;	 /* each pod that failed has to wait so long */
	uint32_t missing_wait_ms; /* each pod that is missing */
	uint32_t claim_wait_ms;	  /* each claim that is missing */
	bool being_deleted;
	bool without_template; /* no claim template www */
};

/* In the arena. */
struct plan scene_plan(const struct set_scene *scene, struct arena *arena);
const char *scene_decisions(const struct set_scene *scene, struct arena *arena);

/* "pod-unready web-0, stale-claim web-1 www-web-1". */
const char *scene_holds(const struct set_scene *scene, struct arena *arena);

/* "replicas 3 ready 2 available 2 current 1 updated 2 now web-old next web-new". */
const char *scene_status(const struct set_scene *scene, struct arena *arena);

/* An object from JSON with ' for "; aborts if it cannot be parsed. */
struct object *scene_object(const struct kind *kind, const char *json);
