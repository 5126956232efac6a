/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which pods are a set's: those it controls. A pod without a controller, whose labels the selector
 * matches and whose name has the set as its parent, is adopted; one that the set controls and that
 * no longer matches is released. Before the first adoption the set is read from the API itself: the
 * copy might not yet know that it is being deleted.
 */

#include "kube/object.h"
#include "sync/applier.h"

enum ownership {
	OWNERSHIP_KEEP,	  /* ours, and stays so */
	OWNERSHIP_IGNORE, /* not ours */
	OWNERSHIP_ADOPT,
	OWNERSHIP_RELEASE,
};

/* Pure: what to do about one pod. */
enum ownership ownership_of(const struct statefulset *set, const struct object *pod);

/* Does it for all candidates. *ret_pods holds references to the pods that are the set's then. Every
 * candidate is tried; the errors are reported together. */
int ownership_settle(const struct applier *applier, const struct statefulset *set,
		     const struct object_list *candidates, struct object_list *ret_pods,
		     struct error *err);

/* The set, read live, is still there and not being deleted. */
int ownership_check_live(const struct applier *applier, const struct statefulset *set,
			 struct error *err);

/* A strategic merge patch that makes the set the controller of the object; yours. */
struct json_object *ownership_patch(const struct statefulset *set, const struct object *object);
