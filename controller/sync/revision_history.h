/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A set's revisions as they stand in the API: found, adopted, made, put back, and deleted when
 * there are more than the set keeps.
 */

#include "kube/informer.h"
#include "set/revision.h"
#include "sync/applier.h"

/* The set's own, and those without a controller that are named after it, if the selector matches
 * them; sorted. The informer's index is revision_index(). */
void revision_history_list(struct informer *informer, const struct statefulset *set,
			   struct object_list *ret_revisions);

/* "<namespace>/<uid of the controller, or nothing>". */
void revision_index(const struct object *object, struct text *key);

/* Adopts those without a controller. */
int revision_history_adopt(const struct applier *applier, const struct statefulset *set,
			   const struct object_list *revisions, struct error *err);

/* Where the set stands, as references. */
struct revision_state {
	struct revision *current;
	struct revision *update;
	int32_t collision_count;
};

/* Finds the revision of the set's template among them, renumbers it or makes it. */
int revision_history_settle(const struct applier *applier, const struct statefulset *set,
			    const struct object_list *revisions, struct revision_state *ret_state,
			    struct error *err);
void revision_state_done(struct revision_state *state);

/* Deletes the oldest that neither the state nor a pod names, down to the set's limit. */
int revision_history_truncate(const struct applier *applier, const struct statefulset *set,
			      const struct object_list *revisions,
			      const struct revision_state *state, const struct object_list *pods,
			      struct error *err);
