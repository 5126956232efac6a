/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A ControllerRevision: one state of a set's pod template, numbered. Pods name theirs in a label,
 * so that an old template can be told from the new one, and be put back.
 */

#include <stdbool.h>
#include <stdint.h>

#include "kube/object.h"

struct statefulset;

struct revision {
	struct object object;
	int64_t number;
	const char *data; /* canonical: set/revision_data.h */
};

#define REVISION_HASH_LABEL "controller.kubernetes.io/hash"

extern const struct kind revision_kind;

static inline struct revision *revision_of(struct object *object)
{
	return (struct revision *)object;
}

/* Oldest first: by number, then age, then name. */
void revision_sort(struct object_list *revisions);

enum revision_action {
	REVISION_KEEP,	   /* the newest is what the set wants */
	REVISION_RENUMBER, /* an older one is, again: it becomes the newest */
	REVISION_CREATE,   /* none is */
	REVISION_COMPARE,  /* the newest may be, if what it lacks are defaults; else create one */
};

struct revision_choice {
	enum revision_action action;
	const struct revision *revision; /* borrowed; NULL to create */
	int64_t number;			 /* that it gets */
};

/* Which of the set's revisions, sorted, holds the template that the set has now. */
struct revision_choice revision_choose(const struct statefulset *set,
				       const struct object_list *revisions);

/* "<set>-<hash>", the set's name cut so that the whole stays a valid name. */
const char *revision_name(struct arena *arena, const struct statefulset *set,
			  int32_t collision_count);

/* The revision of that name, or NULL. */
struct revision *revision_find(const struct object_list *revisions, const char *name);

/* The name is one that the set would give: "<set>-<hash>". A revision that no set controls belongs
 * to the set after which it is named, also where two sets have the same labels. */
bool revision_is_named_after(const struct object *revision, const struct statefulset *set);
