/* SPDX-License-Identifier: Apache-2.0 */
#include "set/revision_data.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "set/canonical_json.h"

/* Kubernetes before 1.34 encodes a template without a creation time as null; null has no other
 * meaning here. */
static void drop_null_creation_time(struct json_object *template)
{
	struct json_object *metadata = NULL;
	struct json_object *time = NULL;
	if (json_object_object_get_ex(template, "metadata", &metadata) &&
	    json_object_is_type(metadata, json_type_object) &&
	    json_object_object_get_ex(metadata, "creationTimestamp", &time) && !time)
		json_object_object_del(metadata, "creationTimestamp");
}

char *revision_data_of_template(struct json_object *template)
{
	struct json_object *copy = NULL;
	if (!template || json_object_deep_copy(template, &copy, NULL) < 0)
		copy = json_object_new_object();
	drop_null_creation_time(copy);
	json_object_object_add(copy, "$patch", json_object_new_string("replace"));

	struct text text = TEXT_INIT;
	text_append_string(&text, "{\"spec\":{\"template\":");
	canonical_json_append(&text, copy);
	text_append_string(&text, "}}");
	json_object_put(copy);
	return text_take(&text);
}

struct json_object *revision_data_template(const char *data)
{
	struct json_object *json = json_tokener_parse(data);
	struct json_object *spec = NULL;
	struct json_object *template = NULL;
	if (json_object_object_get_ex(json, "spec", &spec))
		json_object_object_get_ex(spec, "template", &template);
	if (!json_object_is_type(template, json_type_object)) {
		json_object_put(json);
		return NULL;
	}
	json_object_get(template);
	json_object_put(json);
	json_object_object_del(template, "$patch");
	return template;
}

/* A copy without members that are null, at any depth. */
static struct json_object *without_nulls(struct json_object *json)
{
	if (json_object_is_type(json, json_type_object)) {
		struct json_object *copy = json_object_new_object();
		json_object_object_foreach(json, key, value) if (value)
			json_object_object_add(copy, key, without_nulls(value));
		return copy;
	}
	if (json_object_is_type(json, json_type_array)) {
		struct json_object *copy = json_object_new_array();
		for (size_t i = 0; i < json_object_array_length(json); i++)
			json_object_array_add(copy,
					      without_nulls(json_object_array_get_idx(json, i)));
		return copy;
	}
	return json_object_get(json);
}

static char *meaning(const char *data)
{
	struct text text = TEXT_INIT;
	struct json_object *json = json_tokener_parse(data);
	struct json_object *plain = without_nulls(json);
	canonical_json_append(&text, plain);
	json_object_put(plain);
	json_object_put(json);
	return text_take(&text);
}

bool revision_data_same(const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return true;
	CLEANUP_FREE char *meaning_a = meaning(a);
	CLEANUP_FREE char *meaning_b = meaning(b);
	return strcmp(meaning_a, meaning_b) == 0;
}

/* What both have is equal: members that only one has do not count. */
static bool agree(struct json_object *a, struct json_object *b)
{
	if (!a || !b)
		return true;
	if (json_object_is_type(a, json_type_object) && json_object_is_type(b, json_type_object)) {
		json_object_object_foreach(a, key, value)
		{
			if (!agree(value, json_object_object_get(b, key)))
				return false;
		}
		return true;
	}
	if (!json_object_is_type(a, json_type_array) || !json_object_is_type(b, json_type_array))
		return json_object_equal(a, b);
	size_t length = json_object_array_length(a);
	if (json_object_array_length(b) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!agree(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i)))
			return false;
	return true;
}

static bool same_metadata(struct json_object *a, struct json_object *b)
{
	CLEANUP(json_object_putp)
	struct json_object *left = without_nulls(json_object_object_get(a, "metadata"));
	CLEANUP(json_object_putp)
	struct json_object *right = without_nulls(json_object_object_get(b, "metadata"));
	return json_object_equal(left, right);
}

bool revision_data_may_differ_by_defaults(const char *a, const char *b)
{
	CLEANUP(json_object_putp) struct json_object *left = revision_data_template(a);
	CLEANUP(json_object_putp) struct json_object *right = revision_data_template(b);
	return left && right && same_metadata(left, right) && agree(left, right);
}

static uint32_t fnv1(uint32_t hash, const char *bytes)
{
	for (; *bytes; bytes++)
		hash = (hash * UINT32_C(16777619)) ^ (unsigned char)*bytes;
	return hash;
}

void revision_data_hash(const char *data, int32_t collision_count,
			char hash[static REVISION_HASH_MAX])
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	char number[REVISION_HASH_MAX];

	snprintf(number, sizeof(number), "%d", collision_count);
	uint32_t value = fnv1(fnv1(UINT32_C(2166136261), data), number);
	snprintf(number, sizeof(number), "%u", value);
	size_t length = strlen(number);
	for (size_t i = 0; i < length; i++)
		hash[i] = alphabet[(unsigned char)number[i] % (sizeof(alphabet) - 1)];
	hash[length] = '\0';
}
