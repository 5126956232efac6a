/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A kind of objects of the Kubernetes API: what it is called there, and how one of its objects is
 * read (kube/object.h).
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct object;

struct kind {
	const char *api_version; /* "v1", "apps/v1" */
	const char *name;	 /* "PersistentVolumeClaim" */
	const char *plural;	 /* "persistentvolumeclaims" */
	bool namespaced;
	size_t size; /* of the struct that begins with struct object */

	/* The same in an older version of its group, for servers that do not serve this one; NULL:
	 * none. An informer of an optional kind takes the newest that is served; its objects then
	 * bear the older kind, so what is written to them goes to that version. */
	const struct kind *older;

	/* Paths of members that parse() never looks at and that may be large, ended by NULL: they
	 * are dropped before a tree is made (kube/object_text.h). NULL: none. */
	const char *const *unread;

	/* Fills what lies behind the struct object, which is filled already. NULL where nothing
	 * does. Names the field in *err ("spec.resources.requests.storage: …"). */
	int (*parse)(struct object *object, struct json_object *json, struct error *err);
};
