/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Typed fields of a JSON object, read by path.
 *
 * A path names members from the outside in, separated by dots: "spec.resources.requests". Each
 * read is strict: a member of another type, a number out of range, a string with a NUL in it is
 * ERROR_INVALID, and the text begins with the path. A member that is missing or null is not an
 * error: the result is NULL, 0, false or the fallback. Results live in the arena, never in the
 * tree.
 *
 * Keys that hold a dot themselves (labels, annotations) cannot be named in a path: read the map
 * with json_read_pairs().
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/pairs.h"

/* The whole text must be one value, at most JSON_DEPTH_MAX deep. *ret_json is yours. */
#define JSON_DEPTH_MAX 128
int json_parse(const char *text, size_t length, struct json_object **ret_json, struct error *err);

/* The member itself, borrowed, whatever its type: NULL if it is missing or null, or if something on
 * the way is not an object. */
struct json_object *json_find(struct json_object *json, const char *path);

int json_read_string(struct json_object *json, const char *path, struct arena *arena,
		     const char **ret_string, struct error *err);

/* The name of an object, or of its namespace or kind. The API does not bound some of those that a
 * user writes, and objects are grouped by them, so one that is too long for a name is not kept: it
 * is read as a text that no object has for a name, and that says why. */
#define JSON_NAME_MAX 253 /* the API's bound on names: a DNS subdomain */
int json_read_name(struct json_object *json, const char *path, struct arena *arena,
		   const char **ret_name, struct error *err);

/* As json_read_string(), but a missing or empty one is ERROR_INVALID too. */
int json_need_string(struct json_object *json, const char *path, struct arena *arena,
		     const char **ret_string, struct error *err);

int json_read_int(struct json_object *json, const char *path, int64_t fallback, int64_t *ret_number,
		  struct error *err);
int json_read_bool(struct json_object *json, const char *path, bool fallback, bool *ret_bool,
		   struct error *err);

/* RFC 3339 to seconds since the epoch; 0 if missing. */
int json_read_time(struct json_object *json, const char *path, int64_t *ret_time_s,
		   struct error *err);

/* A quantity of bytes, as text ("1Gi") or as a number; 0 if missing. More than INT64_MAX is read as
 * INT64_MAX: the object can still be read, so its user gets an event that no node has so much
 * room. */
int json_read_bytes(struct json_object *json, const char *path, uint64_t *ret_bytes,
		    struct error *err);

/* A map of strings. */
int json_read_pairs(struct json_object *json, const char *path, struct arena *arena,
		    struct pairs *ret_pairs, struct error *err);

/* A list of strings. */
int json_read_strings(struct json_object *json, const char *path, struct arena *arena,
		      const char ***ret_strings, size_t *ret_count, struct error *err);

/* An object or a list, borrowed from the tree; *ret_count is 0 for a missing list. */
int json_read_object(struct json_object *json, const char *path, struct json_object **ret_object,
		     struct error *err);
int json_read_list(struct json_object *json, const char *path, struct json_object **ret_list,
		   size_t *ret_count, struct error *err);

/* Puts the name of the surrounding member before the path in an error that one of the above has
 * set: "name: must be …" becomes "spec.ports[2].name: must be …". Returns -1. */
__attribute__((format(printf, 2, 3))) int json_error_in(struct error *err, const char *format, ...);

/* Compact JSON, slashes unescaped. Borrowed from the tree, which keeps it until it changes. */
const char *json_text(struct json_object *json, size_t *ret_length);

/* Setting members of an object that is being built. A NULL string leaves the member out. */
void json_set(struct json_object *json, const char *key, struct json_object *taken);
void json_set_string(struct json_object *json, const char *key, const char *string);
void json_set_int(struct json_object *json, const char *key, int64_t number);
void json_set_bool(struct json_object *json, const char *key, bool value);
void json_set_pairs(struct json_object *json, const char *key, const struct pairs *pairs);

/* The member `key` as an object to be filled, made if it is missing. Borrowed. */
struct json_object *json_child(struct json_object *json, const char *key);

DEFINE_CLEANUP(struct json_object *, json_object_put);
