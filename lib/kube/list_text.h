/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The text of a list of objects, taken apart item by item.
 *
 * A page of 500 pods as one JSON tree costs 33 MB; one pod at a time costs 67 KB. So the list is
 * split as text, and its reader makes a tree of one item at a time.
 */

#include <json-c/json.h>
#include <stddef.h>

#include "base/error.h"
#include "kube/json_scan.h"

/* Calls `item` for each member of "items" (borrowed). *ret_metadata is the list's own metadata,
 * yours; NULL if there is none. ERROR_INTERNAL if the text is not a JSON object, or cut off. */
int list_text_parse(const char *text, size_t length,
		    void (*item)(void *context, const struct json_span *text), void *context,
		    struct json_object **ret_metadata, struct error *err);
