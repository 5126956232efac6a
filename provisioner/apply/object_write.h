/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A patch of an object that others write too, for something that has happened already: it must be
 * recorded whatever the object has become meanwhile. After a conflict the object is read again and
 * the patch made from it, a bounded number of times.
 */

#include <json-c/json.h>
#include <stdbool.h>

#include "apply/applier.h"

struct object_write {
	bool status; /* of the object's status, which is written apart */
	bool custom; /* of a kind that has no strategic merge patch: of a
			CustomResourceDefinition */

	/* A strategic merge patch (custom: a merge patch) of the object as it is, for its resource
	 * version. NULL: there is nothing to write. */
	struct json_object *(*make_patch)(const struct object *object, const void *what);

	/* The newest version is still what we acted on; `seen` is the one that object_write() was
	 * given. NULL: if its uid is the same. */
	bool (*is_ours)(const struct object *newest, const struct object *seen);
	const void *what;

	/* Custom alone. NULL: not wanted; else a reference of the caller's to the object as it was
	 * written, or as it is where there was nothing to write. */
	struct object **ret_object;
};

/* 1: it is not ours any more, and nothing was written. ERROR_NOT_FOUND: it is gone. */
int object_write(const struct applier *applier, const struct object *object,
		 const struct object_write *write, struct error *err);

/* Reads the object from the API server: our copy may be behind what this process has written
 * itself. 1: it is. */
int object_confirm(const struct applier *applier, const struct object *object,
		   struct object **ret_object, struct error *err);

/* Takes it off this very object (uid), whatever else has become of it; nothing happens if it is not
 * there, or if the object is gone. */
int object_drop_annotation(const struct applier *applier, const struct object *object,
			   const char *annotation, struct error *err);
int object_drop_finalizer(const struct applier *applier, const struct object *object,
			  const char *finalizer, struct error *err);
