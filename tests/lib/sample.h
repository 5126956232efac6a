/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Objects for tests, out of JSON that is readable in C: quotes ' stand for ". A sample is some
 * usual object and what is different about it, as a JSON merge patch (RFC 7386).
 */

#include <json-c/json.h>

#include "kube/object.h"

/* Yours. JSON that is none, or no object of the kind, ends the test program. patch may be NULL. */
struct object *sample_object(const struct kind *kind, const char *json, const char *patch);
struct json_object *sample_json(const char *json, const char *patch);
