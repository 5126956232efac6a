/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The text of a list of objects, taken apart item by item.
 *
 * A page of 500 pods as one JSON tree costs 33 MB; one pod at a time costs 67 KB. So the items are
 * parsed one after the other, and each tree is freed before the next is made.
 */

#include <json-c/json.h>
#include <stddef.h>

#include "base/error.h"

/* Calls `item` for each member of "items" (borrowed). *ret_metadata is the list's own metadata,
 * yours; NULL if there is none. ERROR_INTERNAL if the text is not a JSON object, or cut off. */
int list_text_parse(const char *text, size_t length,
		    void (*item)(void *context, struct json_object *json), void *context,
		    struct json_object **ret_metadata, struct error *err);
