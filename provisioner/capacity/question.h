/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * GetCapacity: what a node says of the room for each class. Classes with the same parameters share
 * one call.
 */

#include <stddef.h>

#include "apply/applier.h"
#include "capacity/plan.h"

/* How the asking of one node went. */
enum question_outcome {
	QUESTION_ANSWERED, /* for all classes */
	QUESTION_SILENT,   /* the node cannot be reached, or it takes too long */
	QUESTION_FAILED,   /* it answered with an error for a class, *err says which */
};

/* Fills name and answer of each of the classes (StorageClasses), in their order. A class whose
 * parameters the node refuses (INVALID_ARGUMENT) is refused by every node alike: it is answered
 * with CAPACITY_ANYTHING, so that a claim of it reaches a node and its user reads why. */
enum question_outcome question_ask(const struct applier *applier, const char *node,
				   const struct object_list *classes,
				   struct capacity_class *answers, struct error *err);
