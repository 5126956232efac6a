/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the API server of the tests does with JSON: patches of three kinds, and selectors.
 */

#include <json-c/json.h>
#include <stdbool.h>

/* A deep copy, yours. */
struct json_object *fake_json_copy(struct json_object *json);

/* Makes JSON of text in which ' may stand for "; aborts if it is none. */
struct json_object *fake_json_of(const char *text);

/* RFC 7386. Returns the patched tree, which is yours; the target's reference is taken. */
struct json_object *fake_json_merge(struct json_object *target, struct json_object *patch);

/* As the merge, but lists whose items have a merge key (owner references, conditions, volumes…)
 * are merged by it, and finalizers are a set. */
struct json_object *fake_json_strategic(struct json_object *target, struct json_object *patch);

/* RFC 6902: add, remove, replace, test. False if an operation cannot be done; the target's
 * reference is taken in any case, and *ret_json is yours on success. */
bool fake_json_patch(struct json_object *target, struct json_object *operations,
		     struct json_object **ret_json);

/* "a=b,c!=d,e,!f"; NULL or empty: everything. */
bool fake_json_labels_match(struct json_object *object, const char *selector);

/* "spec.nodeName=n1,metadata.name!=x". */
bool fake_json_fields_match(struct json_object *object, const char *selector);
