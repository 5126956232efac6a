/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON as Go's encoding/json writes a generic value: members in byte order of their names, no
 * spaces, numbers by way of a 64-bit float in their shortest form, and <, >, &, U+2028, U+2029 and
 * control characters escaped. The name of a ControllerRevision is a hash over such a text, so two
 * controllers that should agree on a name have to agree on every byte.
 */

#include <json-c/json.h>

#include "base/text.h"

void canonical_json_append(struct text *text, struct json_object *json);
