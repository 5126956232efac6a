/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether an object is really gone. What follows may destroy data, and our copy may lag behind,
 * lack what it cannot read, or be empty since the kind was not served for a moment. So the API
 * server itself says whether the object is there.
 */

#include "apply/applier.h"
#include "kube/object.h"

struct kube_client;

struct object_name {
	const struct kind *kind;
	const char *namespace; /* "" where the kind has none */
	const char *name;
	const char *uid; /* object_confirm_gone(): one of another uid is another object; NULL: any
			  * one counts */
};

/* Reads the object from the API server. *ret_object stays as it is where there is none; that is
 * certain then: a kind that is not served is an error. */
int object_read(struct kube_client *client, const struct object_name *name,
		struct object **ret_object, struct error *err);

/* ERROR_CONFLICT: it is there. A name that is missing is that of no object. */
int object_confirm_gone(const struct applier *applier, const struct object_name *name,
			struct error *err);
