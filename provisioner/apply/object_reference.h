/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How one object names another one (core/v1 ObjectReference). Pure. */

#include <json-c/json.h>

#include "kube/object.h"

/* To this version of it. Yours. */
struct json_object *object_reference_to(const struct object *object);
