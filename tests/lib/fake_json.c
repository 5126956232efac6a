/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "kube/json.h"

struct json_object *fake_json_copy(struct json_object *json)
{
	struct json_object *copy = NULL;
	if (json && json_object_deep_copy(json, &copy, NULL) < 0)
		abort();
	return copy;
}

struct json_object *fake_json_of(const char *text)
{
	CLEANUP_FREE char *copy = must_strdup(text);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	struct json_object *json;
	struct error err;
	if (json_parse(copy, strlen(copy), &json, &err) < 0) {
		fprintf(stderr, "%s: %s\n", text, err.text);
		abort();
	}
	return json;
}

/*
 * Merge patches.
 */

static const char *merge_key_of(const char *list)
{
	static const struct {
		const char *list;
		const char *key;
	} keys[] = {
		{ "ownerReferences", "uid" }, { "conditions", "type" },
		{ "containers", "name" },     { "initContainers", "name" },
		{ "volumes", "name" },	      { "env", "name" },
		{ "finalizers", "" },	      { "healthConditions", "status" },
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].list, list) == 0)
			return keys[i].key;
	return NULL;
}

static bool same_item(struct json_object *a, struct json_object *b, const char *key)
{
	if (!*key)
		return json_object_equal(a, b);
	struct json_object *value_a = json_find(a, key);
	return value_a && json_object_equal(value_a, json_find(b, key));
}

static ssize_t find_item(struct json_object *list, struct json_object *item, const char *key)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (same_item(json_object_array_get_idx(list, i), item, key))
			return (ssize_t)i;
	return -1;
}

static struct json_object *merge(struct json_object *target, struct json_object *patch,
				 bool strategic);

static void merge_item(struct json_object *list, struct json_object *item, const char *key)
{
	ssize_t at = find_item(list, item, key);
	struct json_object *directive = json_find(item, "$patch");
	if (directive && strcmp(json_object_get_string(directive), "delete") == 0) {
		if (at >= 0)
			json_object_array_del_idx(list, (size_t)at, 1);
	} else if (at < 0) {
		json_object_array_add(list, fake_json_copy(item));
	} else if (*key) {
		struct json_object *old = json_object_get(json_object_array_get_idx(list, at));
		json_object_array_put_idx(list, (size_t)at, merge(old, item, true));
	}
}

static struct json_object *merge_list(struct json_object *taken, struct json_object *patch,
				      const char *key)
{
	struct json_object *list = taken ? taken : json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(patch); i++)
		merge_item(list, json_object_array_get_idx(patch, i), key);
	return list;
}

static void delete_primitives(struct json_object *target, const char *list_name,
			      struct json_object *values)
{
	struct json_object *list = json_find(target, list_name);
	for (size_t i = 0; list && i < json_object_array_length(values); i++) {
		ssize_t at = find_item(list, json_object_array_get_idx(values, i), "");
		if (at >= 0)
			json_object_array_del_idx(list, (size_t)at, 1);
	}
}

static void merge_member(struct json_object *target, const char *key, struct json_object *value,
			 bool strategic)
{
	static const char delete_prefix[] = "$deleteFromPrimitiveList/";
	const char *list_key = strategic ? merge_key_of(key) : NULL;
	struct json_object *old = json_object_object_get(target, key);
	if (strategic && strncmp(key, delete_prefix, strlen(delete_prefix)) == 0)
		delete_primitives(target, key + strlen(delete_prefix), value);
	else if (strategic && key[0] == '$')
		return; /* orders of lists and the like */
	else if (!value)
		json_object_object_del(target, key);
	else if (list_key && json_object_is_type(value, json_type_array))
		json_object_object_add(target, key,
				       merge_list(json_object_get(old), value, list_key));
	else
		json_object_object_add(target, key, merge(json_object_get(old), value, strategic));
}

static struct json_object *merge(struct json_object *target, struct json_object *patch,
				 bool strategic)
{
	if (!json_object_is_type(patch, json_type_object)) {
		json_object_put(target);
		return fake_json_copy(patch);
	}
	if (!json_object_is_type(target, json_type_object)) {
		json_object_put(target);
		target = json_object_new_object();
	}
	struct json_object *directive = strategic ? json_find(patch, "$patch") : NULL;
	if (directive && strcmp(json_object_get_string(directive), "replace") == 0) {
		json_object_put(target);
		target = fake_json_copy(patch);
		json_object_object_del(target, "$patch");
		return target;
	}
	json_object_object_foreach(patch, key, value) merge_member(target, key, value, strategic);
	return target;
}

struct json_object *fake_json_merge(struct json_object *target, struct json_object *patch)
{
	return merge(target, patch, false);
}

struct json_object *fake_json_strategic(struct json_object *target, struct json_object *patch)
{
	return merge(target, patch, true);
}

/*
 * JSON patches.
 */

/* The last segment of a JSON pointer, unescaped (RFC 6901 §3), and what stands above it. */
static char *split_pointer(const char *pointer, char **ret_parent)
{
	const char *slash = strrchr(pointer, '/');
	if (!slash)
		return NULL;
	*ret_parent = must_printf("%.*s", (int)(slash - pointer), pointer);
	char *name = must_strdup(slash + 1);
	char *to = name;
	for (const char *from = name; *from; from++, to++) {
		bool escaped = from[0] == '~' && (from[1] == '0' || from[1] == '1');
		*to = !escaped ? *from : from[1] == '0' ? '~' : '/';
		from += escaped;
	}
	*to = '\0';
	return name;
}

static void insert_at(struct json_object *list, size_t at, struct json_object *taken)
{
	json_object_array_add(list, NULL);
	for (size_t i = json_object_array_length(list) - 1; i > at; i--)
		json_object_array_put_idx(list, i,
					  json_object_get(json_object_array_get_idx(list, i - 1)));
	json_object_array_put_idx(list, at, taken);
}

static bool change_list(struct json_object *list, const char *operation, const char *name,
			struct json_object *value)
{
	size_t length = json_object_array_length(list);
	size_t at = strcmp(name, "-") == 0 ? length : strtoul(name, NULL, 10);
	bool add = strcmp(operation, "add") == 0;
	if (at > length || (at == length && !add))
		return false;
	if (add)
		insert_at(list, at, fake_json_copy(value));
	else if (strcmp(operation, "remove") == 0)
		json_object_array_del_idx(list, at, 1);
	else
		json_object_array_put_idx(list, at, fake_json_copy(value));
	return true;
}

static bool change_object(struct json_object *object, const char *operation, const char *name,
			  struct json_object *value)
{
	if (strcmp(operation, "add") != 0 && !json_object_object_get_ex(object, name, NULL))
		return false;
	if (strcmp(operation, "remove") == 0)
		json_object_object_del(object, name);
	else
		json_object_object_add(object, name, fake_json_copy(value));
	return true;
}

static bool change(struct json_object *root, const char *operation, const char *pointer,
		   struct json_object *value)
{
	CLEANUP_FREE char *above = NULL;
	CLEANUP_FREE char *name = split_pointer(pointer, &above);
	struct json_object *parent = root;
	if (!name || (*above && json_pointer_get(root, above, &parent) < 0))
		return false;
	if (json_object_is_type(parent, json_type_array))
		return change_list(parent, operation, name, value);
	return json_object_is_type(parent, json_type_object) &&
	       change_object(parent, operation, name, value);
}

static bool apply(struct json_object *root, struct json_object *step)
{
	struct json_object *operation = json_find(step, "op");
	struct json_object *path = json_find(step, "path");
	struct json_object *value = json_find(step, "value");
	struct json_object *found = NULL;
	if (!operation || !path)
		return false;
	const char *pointer = json_object_get_string(path);
	if (strcmp(json_object_get_string(operation), "test") != 0)
		return change(root, json_object_get_string(operation), pointer, value);
	return json_pointer_get(root, pointer, &found) == 0 && json_object_equal(found, value);
}

bool fake_json_patch(struct json_object *target, struct json_object *operations,
		     struct json_object **ret_json)
{
	size_t count = json_object_is_type(operations, json_type_array)
			       ? json_object_array_length(operations)
			       : 0;
	bool done = count > 0;
	for (size_t i = 0; i < count && done; i++)
		done = apply(target, json_object_array_get_idx(operations, i));
	if (done)
		*ret_json = target;
	else
		json_object_put(target);
	return done;
}

/*
 * Selectors.
 */

static const char *label_of(struct json_object *object, const char *key)
{
	struct json_object *value =
		json_object_object_get(json_find(object, "metadata.labels"), key);
	return value ? json_object_get_string(value) : NULL;
}

static const char *field_of(struct json_object *object, const char *path)
{
	struct json_object *value = json_find(object, path);
	return value ? json_object_get_string(value) : "";
}

static bool term_matches(struct json_object *object, char *term,
			 const char *(*value_of)(struct json_object *object, const char *key))
{
	char *equals = strchr(term, '=');
	if (!equals)
		return *term == '!' ? !value_of(object, term + 1) : value_of(object, term) != NULL;
	bool negated = equals > term && equals[-1] == '!';
	equals[negated ? -1 : 0] = '\0';
	const char *wanted = equals + 1 + (equals[1] == '=');
	const char *value = value_of(object, term);
	bool equal = value && strcmp(value, wanted) == 0;
	return equal != negated;
}

static bool all_match(struct json_object *object, const char *selector,
		      const char *(*value_of)(struct json_object *object, const char *key))
{
	CLEANUP_FREE char *copy = must_strdup(selector ? selector : "");
	char *rest = copy;
	char *term;
	while ((term = strsep(&rest, ",")))
		if (*term && !term_matches(object, term, value_of))
			return false;
	return true;
}

bool fake_json_labels_match(struct json_object *object, const char *selector)
{
	return all_match(object, selector, label_of);
}

bool fake_json_fields_match(struct json_object *object, const char *selector)
{
	return all_match(object, selector, field_of);
}
