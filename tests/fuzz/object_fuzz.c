/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API server may send: a claim, and a list of claims. What is taken can be used; what is
 * refused says why.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kube/claim.h"
#include "kube/json.h"
#include "kube/list_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int result, struct object *object, const struct error *err)
{
	if (result < 0 &&
	    ((err->code != ERROR_INVALID && err->code != ERROR_EXHAUSTED) || !*err->text))
		abort();
	if (result < 0)
		return;
	if (!*object->name || !*object->namespace || object->references != 1)
		abort();
	object_controller(object);
	object_has_finalizer(object, object->name);
	pairs_get(&object->annotations, CLAIM_SELECTED_NODE_ANNOTATION);
	object_unref(object);
}

static void take_item(void *context, const struct json_span *text)
{
	struct object *object = NULL;
	struct error err = { 0 };
	(void)context;
	int r = object_parse_text(&claim_kind, text->text, text->length, &object, &err);
	check(r, object, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct object *object = NULL;
	struct json_object *metadata = NULL;
	struct error err = { 0 };
	int r = object_parse_text(&claim_kind, (const char *)data, size, &object, &err);
	check(r, object, &err);
	if (list_text_parse((const char *)data, size, take_item, NULL, &metadata, &err) == 0)
		json_object_put(metadata);
	return 0;
}
