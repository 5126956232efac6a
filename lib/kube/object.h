/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An object of the Kubernetes API: the part of it that we look at.
 *
 * Each kind we use has a struct that begins with a struct object and holds just the fields that our
 * programs read, parsed from the JSON on arrival; the JSON tree is freed at once (a tree costs ten
 * times the text). An object never changes after parsing: many threads may read it, holding
 * references, while newer versions of it arrive. What must be written back whole, such as a pod
 * template, is kept as its raw text.
 *
 * Everything an object points to lives in its arena.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/pairs.h"
#include "kube/kind.h"

struct owner {
	const char *api_version; /* "apps/v1" */
	const char *kind;	 /* "StatefulSet" */
	const char *name;
	const char *uid;
	bool controller;
	bool block_owner_deletion;
};

struct object {
	struct arena *arena;
	unsigned references; /* object_ref(), object_unref() */
	const struct kind *kind;

	const char *namespace; /* "" for kinds of the whole cluster */
	const char *name;
	const char *uid;
	const char *resource_version;
	int64_t generation;
	int64_t created_s; /* metadata.creationTimestamp, seconds since the epoch */
	int64_t deleted_s; /* metadata.deletionTimestamp; 0: not being deleted */
	struct pairs labels;
	struct pairs annotations;
	const char **finalizers;
	size_t finalizer_count;
	struct owner *owners;
	size_t owner_count;
};

/* One object; its references begin at 1. A missing metadata.name, a field of the wrong type and
 * the like are ERROR_INVALID. */
int object_parse(const struct kind *kind, struct json_object *json, struct object **ret_object,
		 struct error *err);

/* From text, without the members that are not read (kube/object_text.h). An object of which too
 * much is left is ERROR_EXHAUSTED. */
int object_parse_text(const struct kind *kind, const char *json, size_t length,
		      struct object **ret_object, struct error *err);

/* Its place, uid and version alone, whatever else there is or how large. */
int object_parse_name(const struct kind *kind, const char *json, size_t length,
		      struct object **ret_object, struct error *err);

/* Puts "default/web-0: " before an error of object_parse_text(), as far as the text has a name:
 * where many objects arrive at once. Returns -1. */
int object_name_error(const struct kind *kind, const char *json, size_t length, struct error *err);

struct object *object_ref(struct object *object);
void object_unref(struct object *object); /* NULL is fine */

bool object_has_finalizer(const struct object *object, const char *finalizer);

/* The owner with controller: true, or NULL. */
const struct owner *object_controller(const struct object *object);

/* Ready for JSON: {"apiVersion", "kind", "metadata": {"name", "namespace"}}; yours. */
struct json_object *object_json(const struct kind *kind, const char *namespace, const char *name);

struct object_list {
	struct object **items; /* each one a reference */
	size_t count;
};

void object_list_done(struct object_list *list);

DEFINE_CLEANUP(struct object *, object_unref);
#define CLEANUP_OBJECT_LIST CLEANUP(object_list_done)
