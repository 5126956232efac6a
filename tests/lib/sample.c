/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"

static struct json_object *parse(const char *json)
{
	CLEANUP_FREE char *text = must_strdup(json);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	struct error err;
	struct json_object *object;
	if (json_parse(text, strlen(text), &object, &err) < 0) {
		fprintf(stderr, "sample %s: %s\n", text, err.text);
		abort();
	}
	return object;
}

static void merge(struct json_object *target, struct json_object *patch)
{
	json_object_object_foreach(patch, key, value)
	{
		if (!value)
			json_object_object_del(target, key);
		else if (json_object_is_type(value, json_type_object))
			merge(json_child(target, key), value);
		else
			json_object_object_add(target, key, json_object_get(value));
	}
}

struct json_object *sample_json(const char *json, const char *patch)
{
	struct json_object *object = parse(json);
	if (patch) {
		CLEANUP(json_object_putp) struct json_object *change = parse(patch);
		merge(object, change);
	}
	return object;
}

struct object *sample_object(const struct kind *kind, const char *json, const char *patch)
{
	CLEANUP(json_object_putp) struct json_object *tree = sample_json(json, patch);
	struct error err;
	struct object *object;
	if (object_parse(kind, tree, &object, &err) < 0) {
		fprintf(stderr, "sample %s: %s\n", json_object_to_json_string(tree), err.text);
		abort();
	}
	return object;
}
