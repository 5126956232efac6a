/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether an object is really gone. What follows may destroy data, and our copy may lag behind,
 * lack what it cannot read, or be empty since the kind was not served for a moment. So the API
 * server itself says whether the object is there.
 */

#include "apply/applier.h"

struct object_name {
	const struct kind *kind;
	const char *namespace;
	const char *name;
	const char *uid; /* one of another uid is another object */
};

/* ERROR_CONFLICT: it is there. A name that is missing is that of no object. */
int object_confirm_gone(const struct applier *applier, const struct object_name *name,
			struct error *err);
